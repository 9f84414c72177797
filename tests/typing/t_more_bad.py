"""What type checkers have to refuse."""

import callgate
from t_more import Color, Db, Moment, More, Person, more

Person("a", 3)  # E
Person("a", "b", [1])  # E
more.paint(5)  # E
more.now("noon")  # E
more.watch(lambda text: text + "s")  # E
more.close(None)  # E
more.errmsg(Person("a", 3, [1], Color.RED))  # E
more.strtol(12)  # E
Moment(hour=3)  # E
callgate.load(More, deadline="soon")  # E
more.other(Person("a", 3, [])).nobody  # E
callgate.load(3)  # E
db: Db = more.open("x")  # E
