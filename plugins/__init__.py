"""Bundled stages, written exactly as a third party would write them; installed as `aurad_plugins`."""
