"""The edges: what the world may ask, over which wires, and who may."""
