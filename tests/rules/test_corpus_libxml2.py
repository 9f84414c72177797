"""libxml2 as a corpus, in both ways: handles that live inside each other, bytes, text, and a scan with a context."""

from __future__ import annotations

import pytest

import callgate
from callgate import Lib

from .conftest import Loader

LIBXML2 = """
    typedef struct _xmlDoc xmlDoc;
    typedef struct _xmlNode xmlNode;
    typedef struct _xmlHashTable xmlHashTable;
    xmlDoc *xmlReadMemory([size_is(size)] const char *buffer, int size, const char *url, const char *encoding,
                          int options);
    void xmlFreeDoc([closes] xmlDoc *doc);
    xmlNode *xmlDocGetRootElement(xmlDoc *doc);
    xmlNode *xmlFirstElementChild(xmlNode *parent);
    xmlNode *xmlNextElementSibling(xmlNode *node);
    unsigned long xmlChildElementCount(xmlNode *parent);
    unsigned char *xmlNodeGetContent(xmlNode *node);
    long xmlGetLineNo(xmlNode *node);
    int xmlStrlen(const char *text);
    int xmlUTF8Strlen(const char *text);

    xmlHashTable *xmlHashCreate(int size);
    int xmlHashAddEntry(xmlHashTable *table, const char *name, void *payload);
    int xmlHashSize(xmlHashTable *table);
    void xmlHashScan(xmlHashTable *table, void (*scanner)(void *payload, [context] void *data, const char *name),
                     [context] void *data);
    void xmlHashFree([closes] xmlHashTable *table, [unique] void (*deallocator)(void *payload, const char *name));
"""
TEXT = "<list>\n<item>ß漢😀</item>\n<item>two</item>\n</list>".encode()
QUIET = 32 | 64


@pytest.fixture(scope="module")
def xml(load_both: Loader) -> Lib:
    try:
        return load_both("libxml2.so.2", LIBXML2)
    except callgate.DllNotFoundError as missing:
        pytest.skip(f"libxml2 is not installed: {missing}")


def test_r10_a_document_and_its_nodes(xml: Lib) -> None:
    """One object is one handle, from whichever function it comes."""
    document = xml.xmlReadMemory(TEXT, len(TEXT), "list.xml", None, QUIET)
    root = xml.xmlDocGetRootElement(document)
    first = xml.xmlFirstElementChild(root)
    second = xml.xmlNextElementSibling(first)

    assert xml.xmlDocGetRootElement(document) is root
    assert xml.xmlChildElementCount(root) == 2
    assert [callgate.string(xml.xmlNodeGetContent(node)) for node in (first, second)] == ["ß漢😀", "two"]
    assert xml.xmlGetLineNo(second) == 3
    assert xml.xmlNextElementSibling(second) is None
    xml.xmlFreeDoc(document)
    with pytest.raises(callgate.ObjectGone):
        xml.xmlDocGetRootElement(document)


def test_r10_what_is_no_document_is_none(xml: Lib) -> None:
    assert xml.xmlReadMemory(b"<broken", 7, None, None, QUIET) is None


def test_r05_text_is_utf_8(xml: Lib) -> None:
    assert (xml.xmlStrlen("ß漢😀"), xml.xmlUTF8Strlen("ß漢😀")) == (9, 3)


def test_r09_13_a_scan_gives_the_context_back(xml: Lib) -> None:
    """The very object that was given, and what the callback raises."""
    table = xml.xmlHashCreate(0)
    payload = callgate.buffer(xml, b"payload")
    for name in ("one", "two", "three"):
        assert xml.xmlHashAddEntry(table, name, payload) == 0
    seen: list[tuple[object, str]] = []
    xml.xmlHashScan(table, lambda value, context, name: context.append((value, name)), seen)

    assert xml.xmlHashSize(table) == 3
    assert sorted(name for _, name in seen) == ["one", "three", "two"]
    assert all(value is payload or value == payload for value, _ in seen)

    def fail(_value: object, _context: object, name: str) -> None:
        raise LookupError(name)

    with pytest.raises(LookupError):
        xml.xmlHashScan(table, fail, None)
    xml.xmlHashFree(table, None)
