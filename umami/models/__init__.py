"""What answers become: small frozen values and tidy frames, the same for every generation."""
