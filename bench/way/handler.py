"""Notes when it got which event (board.h), and does nothing else."""
import mmap
import os
import struct
import time

with open(os.environ["WAY_BOARD"], "r+b") as file:
    board = mmap.mmap(file.fileno(), 0)


def handler(event, context):
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    struct.pack_into("=Q", board, int(event["detail"]["key"]["pk"].split("#")[1]) * 24 + 16, now)
