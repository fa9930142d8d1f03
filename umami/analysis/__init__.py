"""What follows from answers: plain arithmetic on models, without servers and without drawing."""
