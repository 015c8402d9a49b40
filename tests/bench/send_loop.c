/* The limit: accept N connections, then write each burst to every one of them.
   Prints its port; reads lines "bursts size pause_us mark" and answers each with the letter d. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME 255
#define MOST 4096

static int clients[MOST], count;
static char burst[FRAME * 64 + 64];

static size_t fill(int size, const char *mark) {
    char head[32], frame[FRAME + 1];
    size_t used = sprintf(burst, "%x\r\n", FRAME * size);
    for (int n = 0; n < size; n++) {
        memset(frame, 'x', FRAME);
        memcpy(frame, "id: e-1\nevent: job-status\ndata: ", 32);
        if (mark && n == size - 1) {
            int length = sprintf(head, "%s|", mark);
            memcpy(frame + 40, head, length);
        }
        memcpy(frame + FRAME - 2, "\n\n", 2);
        memcpy(burst + used, frame, FRAME);
        used += FRAME;
    }
    memcpy(burst + used, "\r\n", 2);
    return used + 2;
}

static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, 0);
        if (sent <= 0)
            exit(1);
        data += sent;
        size -= sent;
    }
}

int main(int argc, char **argv) {
    int most = atoi(argv[argc - 1]), server = socket(AF_INET, SOCK_STREAM, 0), bursts, size, pause;
    char mark[64], ignored[4096];
    const char *ok = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    bind(server, (struct sockaddr *)&address, length);
    listen(server, 4096);
    getsockname(server, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while (count < most) {
        clients[count] = accept(server, 0, 0);
        if (recv(clients[count], ignored, sizeof ignored, 0) < 0)
            return 1;
        send_all(clients[count++], ok, strlen(ok));
    }
    while (scanf("%d %d %d %63s", &bursts, &size, &pause, mark) == 4) {
        for (int n = 0; n < bursts; n++) {
            size_t used = fill(size, n == bursts - 1 ? mark : 0);
            for (int c = 0; c < count; c++)
                send_all(clients[c], burst, used);
            nanosleep(&(struct timespec){pause / 1000000, pause % 1000000 * 1000L}, 0);
        }
        printf("d\n");
        fflush(stdout);
    }
    return 0;
}
