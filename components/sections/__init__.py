"""What each page shows beyond what pages share: its controls, and the sections it draws."""
