"""What users are told, and its delivery."""
