"""The facts of where a video comes from, as an XMP packet in an MP4 box of its own, where metadata readers look.

The box comes last in the file (XMP specification, part 3: a `uuid` box at the top level), so nothing moves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec

from aurad.api import FinishRequest, Provenance

XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "aurad": "urn:aurad:provenance#",
}
HEAD, TAIL = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>', '<?xpacket end="r"?>'
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML has no way to say


def request_to_xmp(request: FinishRequest, provenance: Provenance) -> bytes:
    """The packet, the same for the same request."""
    spaces = " ".join(f'xmlns:{name}="{uri}"' for name, uri in NAMESPACES.items())
    parts = (
        _element("dc:title", _list("Alt", [request.title], ' xml:lang="x-default"')),
        _element("dc:description", _list("Alt", [request.description], ' xml:lang="x-default"')),
        _element("dc:subject", _list("Bag", request.tags)),
        _element("dc:language", _list("Bag", [request.language])),
        _element("xmp:CreatorTool", _text(f"aurad {provenance.aurad}")),
        _element("Iptc4xmpExt:DigitalSourceType", _text(provenance.source_type)),
        _element("aurad:notice", _text(provenance.notice)),
        _element("aurad:provenance", _text(provenance_to_json(provenance, request))),
    )
    body = f'<rdf:Description rdf:about="">{"".join(parts)}</rdf:Description>'
    meta = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {spaces}>{body}</rdf:RDF></x:xmpmeta>'
    return f"{HEAD}{meta}{TAIL}".encode()


def provenance_to_json(provenance: Provenance, request: FinishRequest) -> str:
    """All facts, and what the file was put together from."""
    files = {name: artifact.sha256 for name, artifact in sorted(request.files.items())}
    facts = {**msgspec.to_builtins(provenance), "files": files}
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def append_xmp(video: Path, packet: bytes) -> None:
    """Add the box at the end of an MP4."""
    size = 8 + len(XMP_BOX) + len(packet)
    with video.open("ab") as file:
        file.write(size.to_bytes(4, "big") + b"uuid" + XMP_BOX + packet)


def _list(kind: str, texts: Iterable[str], attribute: str = "") -> str:
    items = "".join(f"<rdf:li{attribute}>{_text(text)}</rdf:li>" for text in texts if text)
    return f"<rdf:{kind}>{items}</rdf:{kind}>" if items else ""


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>" if content else ""


def _text(text: str) -> str:
    return escape(UNFIT.sub("", text))
