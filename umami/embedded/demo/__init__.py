"""Demo traffic: two invented websites, a year of believable visits up to now, and on."""
