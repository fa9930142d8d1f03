"""Demo traffic: two invented websites with a year of plausible visits, which continue."""
