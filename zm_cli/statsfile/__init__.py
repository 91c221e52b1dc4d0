"""Stats files: what they say, and how they are stored, read and checked."""
