"""Data, installed as `aurad_config`: the commented defaults and the presets that come with aurad."""
