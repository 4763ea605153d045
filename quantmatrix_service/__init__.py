"""What a person may ask for: the HTTP API and the admin panel. Nothing is here yet."""
