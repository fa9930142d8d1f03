"""The chapters of reports: a module each, which asks as its page does and tells what came."""
