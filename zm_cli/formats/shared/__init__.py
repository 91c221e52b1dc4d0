"""What several formats need: options, axis layouts, arrays and receipts beside the data, the header of `.npy` files."""
