"""The pages that connect the dashboard to Umami and make its first accounts."""
