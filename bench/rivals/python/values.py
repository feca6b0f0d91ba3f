# What is sent through the pools, with how it must come back: ../../values.ts in Python.
from tasks import fail, promote, square, upper_case

DISTINCT = 1000
PEOPLE = [{"id": i, "name": f"Ada {i}", "tags": ["reader", "writer", f"n{i}"]} for i in range(DISTINCT)]
PROMOTED = [promote(person) for person in PEOPLE]
TEXTS = [(f"{i} " + "abcdefghijklmnop" * 64)[:1024] for i in range(DISTINCT)]
UPPER_TEXTS = [text.upper() for text in TEXTS]


class Numbers:
    task = square

    @staticmethod
    def make(i):
        return i

    @staticmethod
    def is_right(i, result):
        return result == i * i


class Objects:
    task = promote

    @staticmethod
    def make(i):
        return PEOPLE[i % DISTINCT]

    @staticmethod
    def is_right(i, result):
        return result == PROMOTED[i % DISTINCT]


class Strings:
    task = upper_case

    @staticmethod
    def make(i):
        return TEXTS[i % DISTINCT]

    @staticmethod
    def is_right(i, result):
        return result == UPPER_TEXTS[i % DISTINCT]


class Errors:
    task = fail

    @staticmethod
    def make(i):
        return i

    @staticmethod
    def is_right(i, error):
        return isinstance(error, ValueError) and str(error) == f"no result for {i}"


VALUES = {"numbers": Numbers, "objects": Objects, "strings": Strings, "errors": Errors}
