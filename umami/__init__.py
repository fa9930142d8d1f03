"""Umami Dashboard's client library: Views, queries, answers, and the errors in between. Nothing is
imported here, so that the embedded server, which lives below, starts without the client. Begin with
``umami.client.Client``."""
