"""Whole cases in SpiffWorkflow: two approvals and five parallel tasks, the state saved after each step."""

# /// script
# dependencies = ["SpiffWorkflow==3.2.0", "psycopg[binary]==3.3.9"]
# [tool.servicehall]
# peer = "SpiffWorkflow 3.2.0"
# [tool.servicehall.goals]
# cases = "1.2 or more"
# ///
from __future__ import annotations

import io
import json
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

APPROVALS = ("manager", "head")
TASKS = tuple(f"part-{n}" for n in range(1, 6))
ANSWERS = {"what": "One more", "amount": "120.00"}


def diagram() -> bytes:
    """The process in BPMN: start, two user tasks one after the other, five between two parallel gateways, end."""
    steps = [f'<userTask id="{name}" name="{name}"/>' for name in APPROVALS + TASKS]
    gates = ['<parallelGateway id="split"/>', '<parallelGateway id="join"/>']
    flows = [("start", "manager"), ("manager", "head"), ("head", "split"), ("join", "end")]
    flows += [pair for name in TASKS for pair in (("split", name), (name, "join"))]
    lines = [f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>' for n, (a, b) in enumerate(flows)]
    inner = "".join(['<startEvent id="start"/>', *steps, *gates, '<endEvent id="end"/>', *lines])
    namespace = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    process = f'<process id="case" isExecutable="true">{inner}</process>'
    return f'<definitions xmlns="{namespace}">{process}</definitions>'.encode()


def opened(folder: str) -> tuple[str, Any]:
    """The PostgreSQL database that is named, or a file with our own settings; and how it marks values."""
    if url := os.environ.get("BENCH_DATABASE"):
        return "%s", psycopg.connect(url)
    database = sqlite3.connect(Path(folder) / "cases.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    return "?", database


class Cases:
    def __init__(self, folder: str) -> None:
        parser = BpmnParser()
        parser.add_bpmn_io(io.BytesIO(diagram()))
        self.spec = parser.get_spec("case")
        self.serializer = BpmnWorkflowSerializer()
        self.mark, self.database = opened(folder)
        self.database.execute("CREATE TABLE cases (id INTEGER PRIMARY KEY, state TEXT NOT NULL)")
        self.database.commit()

    def save(self, number: int, workflow: BpmnWorkflow, *, new: bool = False) -> None:
        """The whole state as JSON in one row, committed."""
        state = self.serializer.serialize_json(workflow)
        write = "INSERT INTO cases (state, id) VALUES (?, ?)" if new else "UPDATE cases SET state = ? WHERE id = ?"
        self.database.execute(write.replace("?", self.mark), (state, number))
        self.database.commit()

    def load(self, number: int) -> BpmnWorkflow:
        found = self.database.execute(f"SELECT state FROM cases WHERE id = {self.mark}", (number,))
        (state,) = found.fetchone()
        self.database.rollback()
        return self.serializer.deserialize_json(state)

    def one(self, number: int) -> None:
        """Each step as it comes in a program that serves people: the state is read, goes one step on, and is saved."""
        workflow = BpmnWorkflow(self.spec)
        workflow.data.update(ANSWERS)
        workflow.do_engine_steps()
        self.save(number, workflow, new=True)
        saved = 1
        while not workflow.is_completed():
            workflow = self.load(number)
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            task.set_data(**{task.task_spec.name: {"decision": "approve", "at": time.time()}})
            task.run()
            workflow.do_engine_steps()
            self.save(number, workflow)
            saved += 1
        assert saved == 1 + len(APPROVALS) + len(TASKS), saved


def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(folder)
        cases.one(0)
        began, done, passed = time.perf_counter(), 0, 0.0
        while passed < seconds:
            done += 1
            cases.one(done)
            passed = time.perf_counter() - began
        cases.database.close()
    print(json.dumps({"done": done, "seconds": passed, "note": "its state in one row"}))


if __name__ == "__main__":
    main(float(sys.argv[2]))
