"""What strategies say."""
