"""Several processes that serve the same ports, under a supervisor that serves none itself.

The supervisor (`crew`) reads the configuration, opens a set of sockets for each worker and hands
everything over a Unix socket (`channel`); a worker (`worker`) builds the same instance from it as a
process of its own would. Each worker reads from its own sockets (SO_REUSEPORT), but they stay open
in the supervisor: when a worker dies, another one reads on from them (`ports`), and the replacement
takes them back. What is to be there once, endpoints and signals and log lines, is the supervisor's.
"""
