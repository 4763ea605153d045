"""Where symbols and memberships come from: files people bring, and registers of issuers."""
