"""A replica of Umami's PostgreSQL database in a store, which follows it within seconds.

``schema`` finds out which Umami made the tables and how their columns map to those of the store,
``source`` connects and reads at a snapshot, ``transfer`` moves rows, ``proof`` compares both sides,
``follower`` copies, follows and proves, and ``worker`` does so in a thread.
"""
