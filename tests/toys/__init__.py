"""Small but real plugins: every shape of a stage, good ones and bad ones."""
