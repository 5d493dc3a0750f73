"""A laboratory with real mail servers: private Postfix and sendmail instances on loopback.

Nothing is installed on the machine. Debian's packages are unpacked into private roots below
the build folder (or /var/cache/postern-lab), and the servers run there under chroot with
their own users, hosts file and syslog socket.
"""
