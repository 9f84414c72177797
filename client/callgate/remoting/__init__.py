"""Managed remoting (R17.1, R18.1): Python objects of this process, used by others as objects of native hosts are."""
