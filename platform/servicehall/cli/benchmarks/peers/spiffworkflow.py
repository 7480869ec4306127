"""Whole cases in SpiffWorkflow: two approvals and five parallel tasks, the state saved after each step."""

# /// script
# dependencies = ["SpiffWorkflow==3.2.0"]
# [tool.servicehall]
# peer = "SpiffWorkflow 3.2.0"
# [tool.servicehall.goals]
# cases = "1.2 or more"
# ///
from __future__ import annotations

import io
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

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


class Cases:
    def __init__(self, folder: str) -> None:
        parser = BpmnParser()
        parser.add_bpmn_io(io.BytesIO(diagram()))
        self.spec = parser.get_spec("case")
        self.serializer = BpmnWorkflowSerializer()
        self.database = sqlite3.connect(Path(folder) / "cases.db")
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("CREATE TABLE cases (id INTEGER PRIMARY KEY, state TEXT NOT NULL)")

    def save(self, number: int | None, workflow: BpmnWorkflow) -> int:
        """The whole state as JSON in one row, committed."""
        state = self.serializer.serialize_json(workflow)
        with self.database:
            if number is not None:
                self.database.execute("UPDATE cases SET state = ? WHERE id = ?", (state, number))
                return number
            return int(self.database.execute("INSERT INTO cases (state) VALUES (?)", (state,)).lastrowid or 0)

    def load(self, number: int) -> BpmnWorkflow:
        (state,) = self.database.execute("SELECT state FROM cases WHERE id = ?", (number,)).fetchone()
        return self.serializer.deserialize_json(state)

    def one(self) -> None:
        """Each step as it comes in a program that serves people: the state is read, goes one step on, and is saved."""
        workflow = BpmnWorkflow(self.spec)
        workflow.data.update(ANSWERS)
        workflow.do_engine_steps()
        number = self.save(None, workflow)
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
        cases.one()
        began, done, passed = time.perf_counter(), 0, 0.0
        while passed < seconds:
            cases.one()
            done += 1
            passed = time.perf_counter() - began
    print(json.dumps({"done": done, "seconds": passed, "note": "its state in one row of SQLite, WAL"}))


if __name__ == "__main__":
    main(float(sys.argv[2]))
