"""What the commands read: photographs, tables and arrays made from a seed, once, and kept."""
