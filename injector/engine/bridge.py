"""Frida in a process of its own, driven over two pipes.

The commands and events are described in helper-protocol.ts: JSON lines, commands on fd 3, answers and events on fd 4.
Attaching takes tens of milliseconds and may take far longer for a stopped process, so each inject and detach has
a thread of its own; posts are done in the reader's thread, because their order matters and they never wait.
"""

import json
import os
import sys
import threading
import time

EXIT_NO_FRIDA = 3
GOODBYE_SECONDS = 2.0
SETTLE_SECONDS = 0.5
SETTLE_STEP_SECONDS = 0.001

try:
    import frida
except Exception as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    os._exit(EXIT_NO_FRIDA)


def settle(pid):
    """Wait, within a limit, until the process's main thread is blocked in a system call.

    Frida makes that thread load a library wherever it happens to be. In the middle of malloc or of ld.so, as in a
    program that is just starting, this corrupts or kills it (16 of 40 attaches to a starting interpreter, against
    none of 40 with this wait). A thread that computes without end is attached to all the same.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    last = None
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/syscall") as file:
                now = file.read()
        except OSError:
            return
        if now == last and not now.startswith("running"):
            return
        last = now
        time.sleep(SETTLE_STEP_SECONDS)


class Injected:
    """One script in one process, from the command that asked for it to its detaching."""

    def __init__(self, number):
        self.number = number
        self.cancellable = frida.Cancellable()
        self.session = None
        self.script = None
        self.told_end = False


class Bridge:
    def __init__(self, commands, events):
        self.commands = commands
        self.events = events
        self.write_lock = threading.Lock()
        self.table_lock = threading.Lock()
        self.table = {}

    def say(self, **record):
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        with self.write_lock:
            try:
                self.events.write(line)
                self.events.flush()
            except OSError:
                # The host has gone; the reader notices by itself and ends us.
                pass

    def fail(self, command, error, phase):
        failure = {"kind": type(error).__name__, "message": str(error), "phase": phase}
        self.say(id=command["id"], error=failure)

    def run(self):
        self.say(ready=True, version=frida.__version__)
        for line in self.commands:
            command = json.loads(line)
            handler = getattr(self, "do_" + command["op"])
            if command["op"] in ("post", "cancel"):
                handler(command)
            else:
                if command["op"] == "inject":
                    # Known before its thread runs, so that a cancel right behind it finds it.
                    with self.table_lock:
                        self.table[command["script"]] = Injected(command["script"])
                threading.Thread(target=handler, args=(command,), daemon=True).start()

    def do_inject(self, command):
        with self.table_lock:
            injected = self.table[command["script"]]
        phase = "attach"
        try:
            with injected.cancellable:
                settle(command["pid"])
                # Frida's exception handler would swallow a SIGSEGV or SIGBUS that a program sends to itself. Its
                # exit monitor makes a process that ends right after a detach hang or crash (13 of 200; none of
                # 200 without); the end of the process is reported all the same.
                injected.session = frida.attach(command["pid"], exceptor="off", exit_monitor=False)
                injected.session.on("detached", lambda reason, crash: self.detached(injected, reason, crash))
                phase = "script"
                script = injected.session.create_script(
                    command["source"], name=command["name"], runtime=command["runtime"]
                )
                script.on("message", lambda message, data: self.message(injected, message))
                script.set_log_handler(
                    lambda level, text: self.say(event="log", script=injected.number, level=level, text=text)
                )
                injected.script = script
                script.load()
        except Exception as error:
            self.forget(injected)
            self.leave(injected)
            self.fail(command, error, phase)
            return
        self.say(id=command["id"], ok=True)

    def do_cancel(self, command):
        with self.table_lock:
            injected = self.table.get(command["script"])
        if injected is not None:
            injected.cancellable.cancel()

    def do_post(self, command):
        with self.table_lock:
            injected = self.table.get(command["script"])
        try:
            if injected is None or injected.script is None:
                raise frida.InvalidOperationError("script is gone")
            injected.script.post(command["payload"])
        except Exception as error:
            self.fail(command, error, "command")
            return
        self.say(id=command["id"], ok=True)

    def do_detach(self, command):
        with self.table_lock:
            injected = self.table.get(command["script"])
        if injected is not None:
            self.leave(injected)
            self.forget(injected)
        self.say(id=command["id"], ok=True)

    def leave(self, injected):
        if injected.session is None:
            return
        try:
            injected.session.detach()
        except Exception:
            # Gone already: the process ended, or was replaced by exec, while we asked.
            pass

    def forget(self, injected):
        with self.table_lock:
            self.table.pop(injected.number, None)

    def message(self, injected, message):
        if message["type"] == "send":
            self.say(event="message", script=injected.number, payload=message.get("payload"))
        elif message["type"] == "error":
            self.say(
                event="error",
                script=injected.number,
                description=message.get("description", ""),
                stack=message.get("stack"),
            )

    def detached(self, injected, reason, crash):
        with self.table_lock:
            if injected.told_end:
                return
            injected.told_end = True
        self.forget(injected)
        record = {"event": "detached", "script": injected.number, "reason": reason}
        if crash is not None:
            record["crash"] = crash.summary
        self.say(**record)

    def leave_script(self, injected):
        """Let go of the process; the script stays in it.

        Its hooks and callbacks are what the program's threads may be running through, or hold pointers to: freed
        under them, about one process in fifty died of it.
        """
        try:
            injected.script.eternalize()
        except Exception:
            # It never loaded, or has gone with its process.
            pass
        self.leave(injected)

    def goodbye(self):
        """Let go of all processes, but do not wait for one that does not answer."""
        with self.table_lock:
            left = list(self.table.values())
        threads = [threading.Thread(target=self.leave_script, args=(one,), daemon=True) for one in left]
        # Frida tidies up in the processes after it has answered: killed half-way, it leaves a main thread in the
        # middle of a call that was forced on it.
        last = threading.Thread(target=frida.shutdown, daemon=True)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(GOODBYE_SECONDS)
        last.start()
        last.join(GOODBYE_SECONDS)


def main():
    bridge = Bridge(os.fdopen(3, "rb"), os.fdopen(4, "wb"))
    try:
        bridge.run()
    finally:
        # Frida's own threads and any attach still under way must not keep us here.
        threading.Timer(2 * GOODBYE_SECONDS, os._exit, (0,)).start()
        bridge.goodbye()
        os._exit(0)


main()
