"""What Python's watchdog says of a tree: `KIND PATH`, and where it went; after `ready`."""
import os
import sys
import time

from watchdog.events import FileSystemEventHandler
from watchdog.observers.inotify import InotifyObserver

root = sys.argv[1]


class Teller(FileSystemEventHandler):
    def on_any_event(self, event):
        words = [event.event_type, os.path.relpath(event.src_path, root)]
        if event.event_type == "moved":
            words.append(os.path.relpath(event.dest_path, root))
        print(*words, "directory" if event.is_directory else "file", flush=True)


observer = InotifyObserver()
observer.schedule(Teller(), root, recursive=True)
observer.start()
print("ready", flush=True)
while True:
    time.sleep(3600)
