"""The commands and their options. What they do is in the other modules, which are imported when they are needed."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

import callgate

__all__ = ["run"]

_OVERVIEW = """Call native libraries in another process.

A library that crashes, hangs or leaks takes its own host process down, never yours."""

_OVERVIEW_EXAMPLES = """[bold]Examples[/bold]

  callgate demo
  callgate call libm.so.6 "double cos(double)" 0.5
  callgate ps

In Python:  import callgate; help(callgate.load)"""

_CALL_EXAMPLES = """[bold]How arguments are written[/bold]

  int, long, size_t, …    42  -7  0x2a  0b101  0o17
  double, float           0.5  1e-3  inf
  bool                    true  false
  char * (text)           any text; null is NULL; '"null"' is the word
  arrays                  '[1, 2, 3]' (JSON)
  structs                 '{"x": 1, "y": 2}' or '[1, 2]' (JSON)
  memory to be filled     its size, e.g. 64
  pointers, callbacks     null, or a library's magic number, e.g. -1

Outs are printed after the result, and are not given as arguments.
How a prototype says what C cannot (\\[out] and others): docs/prototypes.md

[bold]Examples[/bold]

  callgate call libm.so.6 "double pow(double x, double y)" 2 10
  callgate call libm.so.6 "double frexp(double, \\[out] int *e)" 40
  callgate call libc.so.6 "int printf(const char *format, ...)" "%x" 255
  callgate call --deadline 1 libc.so.6 "unsigned sleep(unsigned)" 60

[bold]Exit status[/bold]

  0  the call came back
  1  it did not: a crash, a deadline, a library that is missing
  2  it could not be made from what was typed"""

_PS_EXAMPLES = """IN FLIGHT shows the calls that hosts are busy with, by function number.

  callgate ps
  callgate ps --json | python -m json.tool"""

_INSPECT_EXAMPLES = """With a header, what C cannot say is guessed, and what cannot be declared is listed with why.
A parameter with a star is filled in place. Both need: pip install 'callgate\\[headers]'

  callgate inspect libz.so.1
  callgate inspect libz.so.1 --header zlib.h
  callgate inspect ./libscope.so --header scope.h -I include -D LEVEL=2

With --idl, the declarations as IDL (docs/idl.md), which also checks an .idl file:

  callgate inspect libz.so.1 --header zlib.h --idl
  callgate inspect players.idl --idl
  callgate inspect acme.player:Player --idl"""

_BINDGEN_EXAMPLES = """The module holds a class per struct, enum, handle and callback, the constants, and a Protocol
with the functions, in the order of the header; correct in it what had to be guessed. Beside it, sqlite.pyi says the
same in plain Python, for type checkers and editors; given the module, the command makes that file anew.

  callgate bindgen sqlite3.h -o sqlite.py
  callgate bindgen sqlite.py --force
  callgate bindgen libxml/parser.h libxml/tree.h --library libxml2.so.2 -o xml.py

In Python:  import callgate, sqlite; db = callgate.load(sqlite.Sqlite3)"""

_REGISTER_EXAMPLES = """What is registered is found by callgate.create; docs/registry.md says how the files look.

  callgate register /opt/acme/libplayer.so --clsid "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}" --progid acme.Player
  callgate register /usr/lib/p7zip/7z.so --shape CreateObject --clsid "{23170F69-40C1-278A-1000-000110070000}"
  callgate register acme.player:Player
  callgate register --executable /opt/acme/playerd --progid acme.Player -- --quiet
  callgate register acme.toml
  callgate register acme.idl                           # its interfaces by IID; docs/idl.md
  callgate unregister acme.Player"""

_BROKER_EXAMPLES = r"""The first line that it prints is its address. Programs use it so:

  with callgate.connect() as broker:
      libm = broker.load("libm.so.6", "double cos(double);")

Stop it with Ctrl-C; its hosts end with it.

[bold]For programs on other machines[/bold] (docs/machines.md)

  callgate keys make broker                            # once
  callgate broker --listen tcp://0.0.0.0:5570 --allow clients.toml

clients.toml names each client's public key, and what it may load:

  \[laptop]
  key = "…"                                            # callgate keys show, on the client
  libraries = \["libscope.so", "/opt/rig/*.so"]"""

_KEYS_EXAMPLES = """A key is a file that only you can read, in ~/.config/callgate. Its public half is for others to see.

  callgate keys make laptop
  callgate keys show laptop
  callgate keys trust tcp://rig-a:5570 KEY             # the broker's, as it prints it when it starts"""


app = typer.Typer(
    name="callgate",
    help=_OVERVIEW,
    epilog=_OVERVIEW_EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"callgate {callgate.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The options before a command."""


@app.command(
    "call",
    epilog=_CALL_EXAMPLES,
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
def _call(
    library: Annotated[str, typer.Argument(help="As the loader takes it: libm.so.6, m, or a path.")],
    prototype: Annotated[str, typer.Argument(help="The function in C, e.g. 'double cos(double)'.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="One for each parameter that is not an out.")] = None,
    deadline: Annotated[float | None, typer.Option(help="Stop the call after so many seconds.", min=0.001)] = None,
    function: Annotated[str, typer.Option(help="Which one to call, when several are declared.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result and outs as one JSON object.")] = False,
) -> None:
    """Call one function of a library in a host process and print what comes back."""
    from .call import Request, call  # noqa: PLC0415 - see the module

    raise typer.Exit(call(Request(library, prototype, arguments or [], function, deadline, as_json)))


@app.command("demo")
def _demo() -> None:
    """See it work: real libraries called in other processes, one crashed on purpose, one stopped, and life goes on."""
    from .demo import perform  # noqa: PLC0415 - see the module

    raise typer.Exit(perform())


@app.command("ps", epilog=_PS_EXAMPLES)
def _ps(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything the brokers know as JSON.")] = False,
) -> None:
    """Show this user's brokers, embedded ones too, with their hosts, libraries, clients, calls, restarts and memory."""
    from .ps import show  # noqa: PLC0415 - see the module

    raise typer.Exit(show(as_json=as_json))


@app.command("inspect", epilog=_INSPECT_EXAMPLES)
def _inspect(
    library: Annotated[str, typer.Argument(help="As the loader takes it: libz.so.1, z, or a path.")],
    header: Annotated[list[str] | None, typer.Option("--header", help="A C header of it; may be repeated.")] = None,
    include: Annotated[list[str] | None, typer.Option("--include", "-I", help="Where other headers are.")] = None,
    define: Annotated[list[str] | None, typer.Option("--define", "-D", help="NAME or NAME=VALUE.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
    as_idl: Annotated[
        bool, typer.Option("--idl", help="Print IDL: of the header, of an .idl file, or of module:Class.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="IDL without the words that only callgate knows.")] = False,
) -> None:
    """Show what a library exports and, with its header, how its functions are called from Python."""
    from .inspect import Inspection, inspect  # noqa: PLC0415 - see the module

    asked = Inspection(library, tuple(header or ()), tuple(include or ()), tuple(define or ()), as_json)
    if as_idl:
        from .idl import print_idl  # noqa: PLC0415 - see the module

        raise typer.Exit(print_idl(asked, plain=plain))
    raise typer.Exit(inspect(asked))


@app.command("bindgen", epilog=_BINDGEN_EXAMPLES)
def _bindgen(
    headers: Annotated[list[str], typer.Argument(help="C headers: names that a compiler would find, or paths.")],
    output: Annotated[str, typer.Option("--output", "-o", help="The module to write.  [default: print it]")] = "",
    library: Annotated[str, typer.Option(help="As the loader takes it.  [default: guessed from the header]")] = "",
    class_name: Annotated[str, typer.Option("--class", help="Name of the class with the functions.")] = "",
    include: Annotated[list[str] | None, typer.Option("--include", "-I", help="Where other headers are.")] = None,
    define: Annotated[list[str] | None, typer.Option("--define", "-D", help="NAME or NAME=VALUE.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    stub: Annotated[bool, typer.Option("--stub/--no-stub", help="Also write the .pyi beside the module.")] = True,
) -> None:
    """Write a typed Python module from C headers, and its stub in plain Python."""
    from callgate.sources import FromHeader  # noqa: PLC0415 - see the module

    from .bindgen import Wish, bindgen  # noqa: PLC0415 - see the module

    source = FromHeader(tuple(headers), tuple(include or ()), tuple(define or ()))
    raise typer.Exit(bindgen(Wish(source, output, library, class_name, force, stub)))


@app.command("classes")
def _classes(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """Show the classes that are registered, and the files they are registered in."""
    from .classes import show  # noqa: PLC0415 - see the module

    raise typer.Exit(show(as_json=as_json))


@app.command("register", epilog=_REGISTER_EXAMPLES)
def _register(
    server: Annotated[
        str, typer.Argument(help="A library, a Python class module:Class, a program, or a .toml or .idl file.")
    ],
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments of the program.")] = None,
    clsid: Annotated[str, typer.Option(help="The class, a GUID in braces.")] = "",
    progid: Annotated[str, typer.Option(help="The name that programs use, e.g. acme.Player.")] = "",
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    version: Annotated[str, typer.Option(help="E.g. 1.0.")] = "",
    threading: Annotated[str, typer.Option(help="Apartment, Free, Both or Neutral.")] = "",
    factory: Annotated[str, typer.Option(help="The exported function that gives objects.")] = "",
    shape: Annotated[str, typer.Option(help="What it takes: ClassObject, CreateObject, Create, Returns, …")] = "",
    executable: Annotated[bool, typer.Option("--executable", help="The server is a program of its own.")] = False,
    appid: Annotated[str, typer.Option(help="The application it belongs to, a GUID in braces.")] = "",
    surrogate: Annotated[bool, typer.Option("--surrogate", help="It may run in a shared host.")] = False,
    system: Annotated[bool, typer.Option("--system", help="For every user: below /etc/callgate.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a registration that is there.")] = False,
) -> None:
    """Register a class, so that programs find it by its name."""
    from .classes import register  # noqa: PLC0415 - see the module

    words = {"clsid": clsid, "progid": progid, "name": name, "version": version, "threading": threading}
    words |= {"factory": factory, "shape": shape, "appid": appid}
    switches = {"executable": executable, "surrogate": surrogate, "system": system, "replace": force}
    raise typer.Exit(register(server, arguments or [], words | switches))


@app.command("unregister")
def _unregister(
    name: Annotated[str, typer.Argument(help="A ProgID, or a CLSID or LIBID in braces.")],
    system: Annotated[bool, typer.Option("--system", help="It is registered for every user.")] = False,
) -> None:
    """Take the registration of a class back."""
    from .classes import unregister  # noqa: PLC0415 - see the module

    raise typer.Exit(unregister(name, system=system))


@app.command("broker", epilog=_BROKER_EXAMPLES)
def _broker(
    name: Annotated[str, typer.Option(help="A user may run several brokers under different names.")] = "default",
    listen: Annotated[str, typer.Option(help="Let other machines in: tcp://address:port.")] = "",
    allow: Annotated[str, typer.Option(help="TOML file of the clients that are let in.")] = "",
    key: Annotated[str, typer.Option(help="This broker's private key.  [default: the key named broker]")] = "",
    host_ports: Annotated[str, typer.Option(help="Ports that hosts listen on: 5600-5699.  [default: any]")] = "",
    advertise: Annotated[str, typer.Option(help="This machine's address as clients see it.")] = "",
    relay: Annotated[bool, typer.Option("--relay", help="Everything goes through the port of --listen.")] = False,
    lease: Annotated[float, typer.Option(help="Seconds until a silent client is taken for dead.")] = 30.0,
) -> None:
    """Run the shared broker of this user in the foreground."""
    from .broker import serve  # noqa: PLC0415 - see the module

    given = {"listen": listen, "allow": allow, "key": key, "host-ports": host_ports, "advertise": advertise}
    options = [f"--{word}={value}" for word, value in given.items() if value]
    try:
        serve(name, [*options, *(["--relay"] if relay else []), f"--lease={lease}"])
    except OSError as error:
        sys.stderr.write(f"callgate broker: {error}\n")
        raise typer.Exit(1) from None


_keys = typer.Typer(help="Make, list and show the keys with which machines know each other.", epilog=_KEYS_EXAMPLES)
app.add_typer(_keys, name="keys", no_args_is_help=True)


@_keys.command("make")
def _keys_make(name: Annotated[str, typer.Argument(help="What to call it.")] = "default") -> None:
    """Make a key; its file is readable by you alone."""
    from .keys import make  # noqa: PLC0415 - see the module

    raise typer.Exit(make(name))


@_keys.command("list")
def _keys_list() -> None:
    """List the keys of this user, and the brokers whose keys are trusted."""
    from .keys import show_all  # noqa: PLC0415 - see the module

    raise typer.Exit(show_all())


@_keys.command("show")
def _keys_show(name: Annotated[str, typer.Argument(help="The name of the key, or a file.")] = "default") -> None:
    """Print the public half of a key."""
    from .keys import show  # noqa: PLC0415 - see the module

    raise typer.Exit(show(name))


@_keys.command("trust")
def _keys_trust(
    address: Annotated[str, typer.Argument(help="The broker, as programs name it: tcp://rig-a:5570.")],
    key: Annotated[str, typer.Argument(help="Its public key, or a file with it.")],
) -> None:
    """Remember the public key of a broker."""
    from .keys import trust  # noqa: PLC0415 - see the module

    raise typer.Exit(trust(address, key))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a sign still gets the rest
    try:
        app(arguments, prog_name="callgate")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
