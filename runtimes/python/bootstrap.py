# runtimes/python/bootstrap.py - runs a Python handler, as AWS Lambda's runtime does.
#
# Started by dynlog in the function's folder, with Lambda's environment. Loads the handler that _HANDLER
# names, then asks the Runtime API (AWS_LAMBDA_RUNTIME_API) for one invocation after the other. An answer
# and the question for the next invocation leave in one write, because both are known at once.
#
# Error names, messages and payloads are those of Lambda's own runtime. Nothing but the standard library.
import decimal
import importlib
import json
import logging
import math
import os
import re
import select
import socket
import sys
import threading
import time
import traceback
import uuid

API_PATH = "/2018-06-01/runtime"
LOADED_PATH = "/_dynlog/loaded"  # dynlog's own: what this worker loaded


# ---- errors, as Lambda names them ----


class RuntimeFault(Exception):
    """Something that the runtime, not the handler's code, says is wrong."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.trace = list(trace)


def make_error(message, error_type, stack_trace, request_id=""):
    return {
        "errorMessage": message,
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": stack_trace,
    }


def error_of(exception, request_id):
    """The payload of a failed invocation: frames of this file are not the handler's affair."""
    if isinstance(exception, RuntimeFault):
        return make_error(str(exception), exception.error_type, exception.trace, request_id)
    frames = traceback.extract_tb(exception.__traceback__)
    frames = [frame for frame in frames if frame.filename != __file__]
    return make_error(
        str(exception), type(exception).__name__, traceback.format_list(frames), request_id
    )


def one_event(text):
    """A message of several lines is one log event: its own ends are \\r, which dynlog turns back."""
    return text.replace("\n", "\r")


def log_error(error):
    text = "[ERROR]"
    if error["errorType"]:
        text += f" {error['errorType']}"
    if error["errorMessage"]:
        text += f": {error['errorMessage']}"
    if error["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(error["stackTrace"])
    print(one_event(text.rstrip("\n")), file=sys.stderr, flush=True)


# ---- the Runtime API: requests in order over one connection, kept open ----


class RuntimeApi:
    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = self.socket.makefile("rb", buffering=64 * 1024)
        self.get_next = f"GET {API_PATH}/invocation/next HTTP/1.1\r\nHost: dynlog\r\n\r\n".encode()
        threading.Thread(target=self.leave_with_dynlog, daemon=True).start()

    def leave_with_dynlog(self):
        """A handler must not go on when dynlog was killed: the next start runs its batch again."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        poll.poll()
        os._exit(0)

    def read_answer(self):
        """Headers (names in lower case) and body of the next answer; bodies have a Content-Length."""
        headers = {}
        if not self.answers.readline():
            os._exit(0)  # dynlog is gone, or wants this worker to go
        while (line := self.answers.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("utf-8", "replace").partition(":")
            headers[name.lower()] = value.strip()
        return headers, self.answers.read(int(headers.get("content-length", 0)))

    def post_bytes(self, where, payload, error_type=None):
        head = (
            f"POST {where} HTTP/1.1\r\nHost: dynlog\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        )
        if error_type:
            head += f"Lambda-Runtime-Function-Error-Type: {re.sub('[^ -~]', '?', error_type)}\r\n"
        return head.encode() + b"\r\n" + payload

    def files(self):
        """The request that tells what is new of the files that were loaded; empty when nothing is."""
        files = loaded.take() if loaded else None
        return self.post_bytes(LOADED_PATH, files) if files else b""

    def first(self):
        files = self.files()
        self.socket.sendall(files + self.get_next)
        if files:
            self.read_answer()
        return self.read_answer()

    def answer_and_next(self, request_id, where, payload, error_type=None):
        where = f"{API_PATH}/invocation/{request_id}/{where}"
        files = self.files()
        self.socket.sendall(files + self.post_bytes(where, payload, error_type) + self.get_next)
        if files:
            self.read_answer()
        self.read_answer()
        return self.read_answer()

    def init_error(self, error):
        payload = json.dumps(error).encode()
        where = f"{API_PATH}/init/error"
        files = self.files()
        self.socket.sendall(files + self.post_bytes(where, payload, error["errorType"]))
        if files:
            self.read_answer()
        self.read_answer()


# ---- JSON, as Lambda writes it: Decimals are numbers with all their digits ----


class Encoder(json.JSONEncoder):
    """The standard encoder cannot write a number that is not its own: Decimals go through it as marked
    strings, and lose mark and quotes afterwards."""

    mark = f"decimal-{uuid.uuid4().hex}:"

    def __init__(self):
        super().__init__(allow_nan=True)
        self.has_decimals = False

    def default(self, o):
        if isinstance(o, decimal.Decimal):
            if o.is_nan():
                return math.nan
            self.has_decimals = True
            return self.mark + str(o)
        return super().default(o)


def to_json(result):
    if result is None:
        return b"null"
    encoder = Encoder()
    try:
        text = encoder.encode(result)
    except Exception as exception:
        raise RuntimeFault("Runtime.MarshalError", f"Unable to marshal response: {exception}")
    if encoder.has_decimals:
        text = re.sub(f'"{Encoder.mark}([^"]*)"', r"\1", text)
    return text.encode()


def from_json(text):
    try:
        return json.loads(text)
    except Exception as exception:
        raise RuntimeFault("Runtime.UnmarshalError", f"Unable to unmarshal input: {exception}")


# ---- what a handler gets ----


class CognitoIdentity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Client:
    def __init__(self, values):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code",
                     "app_package_name"):
            setattr(self, name, values.get(name))


class ClientContext:
    def __init__(self, values):
        self.custom = values.get("custom")
        self.env = values.get("env")
        self.client = Client(values["client"]) if values.get("client") else None


class LambdaContext:
    def __init__(self, headers):
        environment = os.environ
        client_context = headers.get("lambda-runtime-client-context")
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = environment.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.client_context = ClientContext(json.loads(client_context)) if client_context else None
        self.identity = CognitoIdentity()
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(int(self._deadline_ms - time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        fields = ",".join(f"{name}={value}" for name, value in vars(self).items() if name[0] != "_")
        return f"LambdaContext([{fields}])"


class RequestIdFilter(logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = self.request_id
        return True


class EventFormatter(logging.Formatter):
    def format(self, record):
        return one_event(super().format(record))


def set_up_logging():
    """The root logger as Lambda has it: `logging.getLogger().setLevel(...)` is all that a handler does."""
    handler = logging.StreamHandler(sys.stdout)
    formatter = EventFormatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
        "%Y-%m-%dT%H:%M:%S",
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)


# ---- the handler ----


def load_module(name):
    if name.split(".")[0] in sys.builtin_module_names:
        raise RuntimeFault(
            "Runtime.BuiltInModuleConflict",
            f"Cannot use built-in module {name} as a handler module",
        )
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RuntimeFault(
            "Runtime.ImportModuleError", f"Unable to import module '{name}': {error}"
        )
    except SyntaxError as error:
        raise RuntimeFault(
            "Runtime.UserCodeSyntaxError",
            f"Syntax error in module '{name}': {error}",
            [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'],
        )


def load_handler(text):
    module_name, _, name = text.rpartition(".")
    if not module_name or not name:
        raise RuntimeFault(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{text}': not enough values to unpack (expected 2, got 1)",
        )
    module_name = module_name.replace("/", ".")
    module = load_module(module_name)
    try:
        return getattr(module, name)
    except AttributeError:
        raise RuntimeFault(
            "Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'"
        )


# ---- the loop ----

loaded = None  # when somebody watches the function's files


def start_telling():
    global loaded
    if "--tell-loaded" not in sys.argv:
        return
    sys.argv.remove("--tell-loaded")
    import loaded as module

    del sys.modules["loaded"]  # a handler may have one of that name
    loaded = module
    loaded.start()


def run(handler, headers, body):
    """Answer (response or error), payload, error type."""
    request_id = headers["lambda-runtime-aws-request-id"]
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
    RequestIdFilter.request_id = request_id
    try:
        return "response", to_json(handler(from_json(body), LambdaContext(headers))), None
    except Exception as exception:
        error = error_of(exception, request_id)
        log_error(error)
        return "error", json.dumps(error).encode(), error["errorType"]


def flush():
    """What the handler printed is in the pipe before dynlog hears that it has ended."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # the handler closed it


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    start_telling()
    # the handler's folder instead of ours, which Python put first
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    set_up_logging()
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as exception:
        error = error_of(exception, "")
        log_error(error)
        flush()
        api.init_error(error)
        sys.exit(1)
    headers, body = api.first()
    while True:
        where, payload, error_type = run(handler, headers, body)
        flush()
        try:
            headers, body = api.answer_and_next(
                headers["lambda-runtime-aws-request-id"], where, payload, error_type
            )
        except ConnectionError:
            os._exit(0)  # as in read_answer()


if __name__ == "__main__":
    main()
