"""Presets that come with aurad, one TOML file each."""
