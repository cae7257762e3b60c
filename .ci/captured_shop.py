"""A test suite for `hotspan capture`: a Flask shop on SQLite whose orders load their items one by one.

SHOP_ORDERS says how many orders there are; SHOP_FIXED=1 loads their items with them. Instrumented from outside, by
opentelemetry-instrument; this file knows nothing of traces.
"""

import os
import unittest

from flask import Flask, jsonify
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload
from sqlalchemy.pool import StaticPool

ORDERS = int(os.environ.get("SHOP_ORDERS", "8"))
FIXED = os.environ.get("SHOP_FIXED") == "1"


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    items: Mapped[list["Item"]] = relationship(lazy="select")


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    name: Mapped[str]


# The engine is made here, after the instrumentation is in place.
engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
app = Flask("shop")


@app.get("/orders")
def orders():
    query = select(Order).options(selectinload(Order.items)) if FIXED else select(Order)
    with Session(engine) as session:
        return jsonify({order.id: [item.name for item in order.items] for order in session.scalars(query)})


@app.get("/health")
def health():
    return "ok"


class Shop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add_all(Order(id=n, items=[Item(name="tea"), Item(name="cup")]) for n in range(1, ORDERS + 1))
            session.commit()

    def test_every_order_has_its_items(self):
        reply = app.test_client().get("/orders").json
        self.assertEqual(len(reply), ORDERS)
        self.assertTrue(all(items == ["tea", "cup"] for items in reply.values()))

    def test_health(self):
        self.assertEqual(app.test_client().get("/health").text, "ok")


if __name__ == "__main__":
    unittest.main()
