"""What a user is told: signals composed into messages. Sending them is the adapters' affair."""
