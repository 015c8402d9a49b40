"""Values: frozen structs that every other room shares. No I/O, no trio, nothing else of ours."""
