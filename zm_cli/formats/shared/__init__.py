"""What several formats need: options, layouts of axes, the receipt beside a file, the header of `.npy` files."""
