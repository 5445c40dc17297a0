"""Runtimes: what a handler in Node.js, Python or a program of one's own may do, and what Lambda makes of it.
The tables are handlers with what their caller and their log get."""

import base64
import fcntl
import json
import os
import re
import shutil
import subprocess
import unittest

from support.case import Case
from support.server import TOP

RIC = os.path.join(TOP, "test/e2e/ric/node_modules/aws-lambda-ric")

# handler's text; event; payload of the answer, or the error's type and message; what the log has
NODE = {
    "promise": ("exports.handler = (event) => Promise.resolve(event)", [1], [1]),
    "callback": ("exports.handler = (e, c, callback) => { setTimeout(() => callback(null, 'later'), 5) }", {}, "later"),
    "callbackTwice": ("exports.handler = (e, c, callback) => { callback(null, 1); callback(null, 2) }", {}, 1),
    "callbackError": ("exports.handler = (e, c, callback) => callback('no')", {}, ("string", "no")),
    "waitsForTheLoop": ("exports.handler = (e, c, callback) => { const seen = []; setTimeout(() => seen.push('timer'), 20); "
                        "callback(null, seen) }", {}, ["timer"]),
    "waitsForNothing": ("exports.handler = (e, c, callback) => { c.callbackWaitsForEmptyEventLoop = false; "
                        "setTimeout(() => {}, 1e6); callback(null, 'at once') }", {}, "at once"),
    "asyncWaitsForNothing": ("exports.handler = async () => { setTimeout(() => {}, 1e6); return 'at once' }", {}, "at once"),
    "returnsAtOnce": ("exports.handler = () => 'is not looked at'", {}, None),
    "never": ("exports.handler = async () => new Promise(() => {})", {}, None),
    "succeed": ("exports.handler = (e, c) => { c.succeed('done') }", {}, "done"),
    "fail": ("exports.handler = (e, c) => { c.fail() }", {}, ("string", "handled")),
    "undefined": ("exports.handler = async () => {}", {}, None),
    "throwsText": ("exports.handler = async () => { throw 'text' }", {}, ("string", "text")),
    "throwsAtOnce": ("exports.handler = () => { throw new RangeError('at once') }", {}, ("RangeError", "at once")),
    "throwsNothing": ("exports.handler = async () => { throw undefined }", {}, ("string", "handled")),
    "cycle": ("exports.handler = async () => { const a = {}; a.a = a; return a }", {},
              ("Error", "Unable to stringify response body")),
    "rejection": ("exports.handler = async () => { Promise.reject(new Error('lost')); await new Promise(() => setTimeout(() => {}, 1e6)) }",
                  {}, ("Runtime.UnhandledPromiseRejection", "Error: lost")),
    "uncaught": ("exports.handler = async () => { setTimeout(() => { throw new TypeError('late') }, 5); await new Promise(() => setTimeout(() => {}, 1e6)) }",
                 {}, ("TypeError", "late")),
    "exit0": ("exports.handler = async () => process.exit(0)", {},
              ("Runtime.ExitError", r"RequestId: \S+ Error: Runtime exited without providing a reason")),
    "exit7": ("exports.handler = async () => process.exit(7)", {},
              ("Runtime.ExitError", r"RequestId: \S+ Error: Runtime exited with error: exit status 7")),
    "killed": ("exports.handler = async () => process.kill(process.pid, 'SIGKILL')", {},
               ("Runtime.ExitError", r"RequestId: \S+ Error: Runtime exited with error: signal: killed")),
    "noNewline": ("exports.handler = async () => { process.stdout.write('no end'); return 1 }", {}, 1, r"no end\n"),
    "console": ("exports.handler = async () => { console.warn('a %d', 1, { b: 2 }); console.log('x\\ny') }", {}, None,
                r"\d{4}-\S+Z\t\S{36}\tWARN\ta 1 { b: 2 }\n\d{4}-\S+Z\t\S{36}\tINFO\tx\ny\n"),
    "streaming": ("exports.handler = awslambda.streamifyResponse(async () => {})", {},
                  ("Runtime.StreamingNotSupported", "dynlog does not support response streaming .*")),
    "trace": ("exports.handler = async () => [process.env._X_AMZN_TRACE_ID.split(';')[0].slice(0, 7), "
              "process.env.AWS_XRAY_CONTEXT_MISSING]", {}, ["Root=1-", "LOG_ERROR"]),
    "tooLarge": ("exports.handler = async (size) => 'x'.repeat(size)", 20 << 20,
                 ("Function.ResponseSizeTooLarge", r"Response payload size exceeded maximum allowed payload size \(6291556 bytes\)\.")),
    "nothingThere": ("exports.other = 1", {}, ("Runtime.HandlerNotFound", "nothingThere.handler is undefined or not exported")),
    "noFunction": ("exports.handler = 1", {}, ("Runtime.HandlerNotFound", "noFunction.handler is not a function")),
    "throwsAtInit": ("throw new EvalError('at init')", {}, ("EvalError", "at init")),
    "exitsAtInit": ("process.exit(4)", {}, ("Runtime.ExitError", r"RequestId: \S* ?Error: Runtime exited with error: exit status 4"),
                    r"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError"),
}
MODULES = {
    "topLevel": ("const value = await new Promise((r) => setTimeout(r, 5, 'awaited'))\nexport const handler = async () => value", {}, "awaited"),
    "topLevelThrows": ("await Promise.reject(new SyntaxError('mine'))\nexport const handler = 1", {},
                       ("Runtime.UserCodeSyntaxError", "SyntaxError: mine")),
    "default": ("export default { handler: async () => 'under default' }", {}, "under default"),
    "importsCommonJs": ("import other from './other.cjs'\nexport const handler = async () => other.value", {}, "common"),
    "noSuchExport": ("import { missing } from './other.mjs'\nexport const handler = async () => missing", {},
                     ("Runtime.UserCodeSyntaxError", "SyntaxError: The requested module './other.mjs' does not provide .*")),
}
PYTHON = {
    "dictionary": ("def handler(event, context):\n    return {'a': event}", 1, {"a": 1}),
    "tooLarge": ("def handler(size, c):\n    return 'x' * size", 6291555,
                 ("Function.ResponseSizeTooLarge", r"Response payload size exceeded maximum allowed payload size \(6291556 bytes\)\.")),
    "asLargeAsCanBe": ("def handler(size, c):\n    return 'x' * size", 6291554, "x" * 6291554),
    "decimal": ("import decimal\ndef handler(e, c):\n    return decimal.Decimal('1.50')", {}, 1.5),
    "raises": ("def handler(e, c):\n    raise ValueError('no')", {}, ("ValueError", "no"), r"\[ERROR\] ValueError: no\nTraceback"),
    "marshal": ("def handler(e, c):\n    return {1, 2}", {},
                ("Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable")),
    "exit": ("import sys\ndef handler(e, c):\n    sys.exit(3)", {},
             ("Runtime.ExitError", r"RequestId: \S+ Error: Runtime exited with error: exit status 3")),
    "noNewline": ("import sys\ndef handler(e, c):\n    sys.stdout.write('no end')", {}, None, r"no end\n"),
    "logging": ("import logging\nlogging.getLogger().setLevel('INFO')\ndef handler(e, c):\n    logging.info('hello')", {}, None,
                r"\[INFO\]\t\d{4}-\S+Z\t\S{36}\thello\n"),
    "thread": ("import threading\ndef handler(e, c):\n    threading.Thread(target=threading.Event().wait, daemon=True).start()\n    return 1", {}, 1),
    "temporary": ("import os, tempfile\ndef handler(e, c):\n    return tempfile.gettempdir() == os.environ['TMPDIR'] and os.listdir(tempfile.gettempdir())",
                  {}, []),
    "missing": ("import not_there", {}, ("Runtime.ImportModuleError", "Unable to import module 'py_missing': No module named 'not_there'")),
    "noFunction": ("", {}, ("Runtime.HandlerNotFound", "Handler 'handler' missing on module 'py_noFunction'")),
}


def functions():
    for name, row in NODE.items():
        yield name, name + ".handler", "nodejs20.x", name + ".js", row
    for name, row in MODULES.items():
        yield name, name + ".handler", "nodejs22.x", name + ".mjs", row
    for name, row in PYTHON.items():
        yield "py-" + name, "py_%s.handler" % name, "python3.12", "py_%s.py" % name, row


MORE = """
  removed: {handler: removed.handler, runtime: nodejs24.x}
  greedy: {handler: greedy.handler, memorySize: 192}
  family: {handler: family.handler, memorySize: 1024}
  leaver: {handler: leaver.handler, timeout: 2}
  slowInit: {handler: slowInit.handler, timeout: 20}
  slowEver: {handler: slowEver.handler, timeout: 1}
  c: {handler: main.handler, runtime: provided.al2023}
"""

FILES = {
    "serverless.yml": "service: app\nprovider: {name: aws, runtime: nodejs20.x, timeout: 10, memorySize: 512}\nfunctions:\n" +
                      "".join("  %s: {handler: %s, runtime: %s}\n" % (name, handler, runtime)
                              for name, handler, runtime, _, _ in functions()) + MORE,
    "other.cjs": "exports.value = 'common'",
    "other.mjs": "export const value = 1",
    "removed.js": "exports.handler = (event, context, callback) => callback(null, 1)",
    "greedy.js": "exports.handler = async () => { const all = []; for (;;) { all.push(Buffer.alloc(4 << 20, 1)); "
                 "await new Promise(setImmediate) } }",
    "family.js": "const { spawn } = require('child_process')\n"
                 "exports.handler = async () => { const child = spawn('/usr/bin/python3', ['-c', 'x = bytearray(200 << 20); print(1, flush=True); input()']); "
                 "await new Promise((r) => child.stdout.once('data', r)); await new Promise((r) => setTimeout(r, 150)); return child.pid }",
    # a child, a detached one and an orphan, each of which holds a lock as long as it lives
    "leaver.js": "const { spawn } = require('child_process')\nconst code = `import fcntl, os, signal, sys\n"
                 "if sys.argv[2] == 'orphan' and os.fork(): os._exit(0)\n"
                 "if sys.argv[2] == 'orphan': os.setsid()\n"
                 "file = open(sys.argv[1] + sys.argv[2], 'w')\nfcntl.flock(file, fcntl.LOCK_EX)\nos.write(1, b'!')\nsignal.pause()`\n"
                 "exports.handler = async ({ how }) => { for (const kind of ['child', 'detached', 'orphan']) {\n"
                 "  const child = spawn('/usr/bin/python3', ['-c', code, how, kind], { detached: kind === 'detached' })\n"
                 "  await new Promise((r) => child.stdout.once('data', r)) }\n"
                 "  if (how === 'exits') process.exit(1)\n  await new Promise(() => setTimeout(() => {}, 1e6)) }",
    # more than the ten seconds the first time
    "slowInit.js": "const fs = require('fs')\nif (!fs.existsSync('begun')) { fs.writeFileSync('begun', ''); "
                   "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000) }\nexports.handler = async (e, c) => c.getRemainingTimeInMillis()",
    "slowEver.js": "process.env.AWS_LAMBDA_FUNCTION_NAME.length > 0 && Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000)",
    "extensions/tool": "#!/bin/sh\n",
}
FILES.update({file: row[0] + "\n" for _, _, _, file, row in functions()})


class Runtimes(Case):
    files = FILES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.functions = cls.dynlog.client("lambda", endpoint="http://127.0.0.1:%d" % cls.dynlog.lambda_port)

    def invoke(self, name, event=None):
        """The answer's payload, whether it failed, and its log."""
        answer = self.functions.invoke(FunctionName="app-local-" + name, Payload=json.dumps({} if event is None else event),
                                       LogType="Tail")
        return (json.loads(answer["Payload"].read()), answer.get("FunctionError"),
                base64.b64decode(answer["LogResult"]).decode())

    def test_table(self):
        for name, _, _, _, (_, event, expected, *log) in functions():
            with self.subTest(name):
                result, failed, tail = self.invoke(name, event)
                if isinstance(expected, tuple):
                    self.assertEqual("Unhandled", failed)
                    self.assertEqual(expected[0], result["errorType"])
                    self.assertRegex(result["errorMessage"], "^" + expected[1] + "$")
                    self.assertRegex(tail, r"REPORT .*\tStatus: error\tError Type: " + re.escape(expected[0]))
                else:
                    self.assertIsNone(failed, result)
                    self.assertEqual(expected, result)
                self.assertTrue(tail.startswith("START RequestId: "), tail)
                for pattern in log:
                    self.assertRegex(tail, pattern)
                # whatever it was: the next one is answered as well
                self.assertEqual(failed, self.invoke(name, event)[1])

    def test_callbacks_of_node_24(self):
        result, _, _ = self.invoke("removed")
        self.assertEqual("Runtime.CallbackHandlerDeprecated", result["errorType"])
        self.assertIn("has removed support for callback-based function handlers", result["errorMessage"])

    def test_an_init_that_fails_is_begun_again_within_the_invocation(self):
        mark = len(self.dynlog.process.out.list)
        self.dynlog.write("throwsAtInit.js", "console.log('init')\n" + NODE["throwsAtInit"][0] + "\n")
        self.invoke("throwsAtInit")
        lines = self.dynlog.process.out
        lines.wait(r"\[app-local-throwsAtInit\] INIT_REPORT .*Phase: invoke.*Error Type: EvalError", mark)
        lines.wait(r"\[app-local-throwsAtInit\] REPORT .*Status: error", mark)

    def test_an_init_that_takes_too_long(self):
        mark = len(self.dynlog.process.out.list)
        result, failed, tail = self.invoke("slowInit")
        self.assertIsNone(failed, result)
        self.dynlog.process.out.wait(r"\[app-local-slowInit\] INIT_REPORT Init Duration: 10\d\d\d\.\d\d ms\tPhase: init\tStatus: timeout", mark)
        self.assertTrue(0 < result <= 20000)
        self.assertNotIn("Init Duration", tail.split("REPORT RequestId")[1])

    def test_an_init_that_never_ends(self):
        mark = len(self.dynlog.process.out.list)
        result, failed, _ = self.invoke("slowEver")
        self.assertEqual("Unhandled", failed)
        self.assertEqual("Sandbox.Timedout", result["errorType"])
        self.assertRegex(result["errorMessage"], r"Task timed out after 1\.00 seconds$")
        self.dynlog.process.out.wait(r"INIT_REPORT .*Phase: invoke\tStatus: timeout", mark)

    def test_too_much_memory(self):
        result, failed, tail = self.invoke("greedy")
        self.assertEqual("Unhandled", failed)
        self.assertEqual("Runtime.OutOfMemory", result["errorType"])
        self.assertRegex(result["errorMessage"], r"Runtime exited with error: signal: killed$")
        self.assertIn("Error Type: Runtime.OutOfMemory", tail)

    def test_memory_of_what_a_handler_started(self):
        child, failed, tail = self.invoke("family")
        self.assertIsNone(failed, child)
        self.assertGreater(int(re.search(r"Max Memory Used: (\d+) MB", tail).group(1)), 200)

    def test_what_a_handler_started_goes_with_its_worker(self):
        for how, error in ("exits", "Runtime.ExitError"), ("hangs", "Sandbox.Timedout"):
            result, failed, _ = self.invoke("leaver", {"how": how})
            self.assertEqual(("Unhandled", error), (failed, result["errorType"]))
            for kind in "child", "detached", "orphan":
                with open(os.path.join(self.dynlog.work, how + kind)) as file:
                    fcntl.flock(file, fcntl.LOCK_EX)  # when it is gone

    def test_streaming_is_refused(self):
        status, _, body = self.dynlog.request(
            "POST", "/2021-11-15/functions/app-local-promise/response-streaming-invocations", "{}",
            port=self.dynlog.lambda_port)
        self.assertGreaterEqual(status, 400)
        self.assertIn(b"InvokeWithResponseStream", body)

    def test_extensions_are_named(self):
        self.invoke("promise")
        self.dynlog.process.out.wait(r"\[app-local-promise\] .*/extensions/tool is not started: dynlog runs no extensions")

    def test_a_function_in_c(self):
        compiler = shutil.which("cc")
        if compiler is None:
            self.skipTest("there is no cc")
        subprocess.run([compiler, "-o", self.dynlog.path("bootstrap"), os.path.join(TOP, "examples/bootstrap-c/bootstrap.c")],
                       check=True)
        result, failed, tail = self.invoke("c", {"a": 1})
        self.assertIsNone(failed, result)
        self.assertEqual(("hello", {"a": 1}), (result["greeting"], result["event"]))
        self.assertIn("hello from C\n", tail)
        result, failed, _ = self.invoke("c", {"do": "fail"})
        self.assertEqual(("Unhandled", "Example"), (failed, result["errorType"]))


class OwnClients(Case):
    """AWS's runtime interface client for Node.js as a bootstrap of somebody's own."""

    files = {
        "serverless.yml": "service: app\nprovider: {name: aws, runtime: provided.al2023, timeout: 10, memorySize: 512}\n"
                          "functions:\n  ric: {handler: ric.handler}\n",
        "ric.js": "exports.handler = async (event, context) => { console.log('in the client'); if (event.fail) throw new TypeError('no'); "
                  "return { event, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() > 0 } }\n",
    }

    @classmethod
    def setUpClass(cls):
        if not os.path.exists(RIC + "/dist/rapid-client.node"):
            raise unittest.SkipTest("aws-lambda-ric is not installed: npm install in test/e2e/ric (it compiles libcurl: "
                                    "a minute; needs autoconf, automake, libtool, cmake, g++)")
        super().setUpClass()
        path = cls.dynlog.write("bootstrap", "#!/bin/sh\nexec %s %s/bin/index.mjs \"$_HANDLER\"\n" % (shutil.which("node"), RIC))
        os.chmod(path, 0o755)
        cls.functions = cls.dynlog.client("lambda", endpoint="http://127.0.0.1:%d" % cls.dynlog.lambda_port)

    def invoke(self, event):
        answer = self.functions.invoke(FunctionName="app-local-ric", Payload=json.dumps(event), LogType="Tail")
        return (json.loads(answer["Payload"].read()), answer.get("FunctionError"),
                base64.b64decode(answer["LogResult"]).decode())

    def test_it(self):
        for number in range(20):
            result, failed, tail = self.invoke({"number": number})
            self.assertIsNone(failed, result)
            self.assertEqual(({"number": number}, True), (result["event"], result["left"]))
            self.assertRegex(tail, r"INFO\tin the client")
        result, failed, _ = self.invoke({"fail": True})
        self.assertEqual(("Unhandled", "TypeError", "no"), (failed, result["errorType"], result["errorMessage"]))
        self.assertEqual({"again": 1}, self.invoke({"again": 1})[0]["event"])
        # its bootstrap names ric.js' beginning as its handler, so that it is watched
        self.dynlog.write("ric.js", "exports.handler = async () => 'new code'\n")
        self.assertEqual("new code", self.invoke({})[0])


if __name__ == "__main__":
    unittest.main()
