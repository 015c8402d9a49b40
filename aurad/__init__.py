"""aurad: a daemon that turns a brief, a topic or a document into a finished narrated, captioned video."""

__version__ = "0.1.0"
