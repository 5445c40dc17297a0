"""Hot reload: a function's code is changed in every way that editors and tools know, and the next invocation
runs the new one. Nothing waits: a save that had ended is seen by the invocation that is asked for after it."""

import io
import json
import os
import re
import shutil
import unittest
import zipfile

from support.case import Case

STACK = """
service: app
provider: {name: aws, runtime: nodejs20.x, timeout: 20}
functions:
  common: {handler: common/main.handler}
  module: {handler: module/main.handler}
  missing: {handler: missing/main.handler}
  packages: {handler: packages/main.handler}
  lazy: {handler: lazy/main.handler}
  outside: {handler: app/main.handler}
  writer: {handler: writer/main.handler}
  versions: {handler: versions/main.handler}
  python: {handler: snake/main.handler, runtime: python3.11}
  pythonMissing: {handler: snakeless/main.handler, runtime: python3.11}
  shell: {handler: own/main.handler, runtime: provided.al2023}
"""

COMMON = "const deep = require('./lib/deep'); exports.handler = async () => 'main 1, ' + deep()\n"
MODULE = "import { deep } from './lib/deep.mjs'\nexport const handler = async () => 'main 1, ' + deep()\n"
PYTHON = "from snake.lib import deep\n\ndef handler(event, context):\n    return 'main 1, ' + deep.deep()\n"

FILES = {
    "serverless.yml": STACK,
    "common/main.js": COMMON,
    "common/lib/deep.js": "const { value } = require('./data.json'); module.exports = () => 'deep 1, ' + value\n",
    "common/lib/data.json": '{"value": "data 1"}',
    "module/main.mjs": MODULE,
    "module/lib/deep.mjs": "export const deep = () => 'deep 1'\n",
    "missing/main.js": "exports.handler = async () => require('./part')\n",
    "packages/main.js": "exports.handler = async () => require('thing')\n",
    "packages/node_modules/thing/package.json": '{"name": "thing", "main": "./lib/index.js"}',
    "packages/node_modules/thing/lib/index.js": "module.exports = 'thing 1'\n",
    "lazy/main.js": "exports.handler = async ({ name }) => (await import('./' + name + '.mjs')).default\n",
    "lazy/a.mjs": "export default 'a 1'\n",
    "lazy/b.mjs": "export default 'b 1'\n",
    "app/main.js": "exports.handler = async () => require(process.cwd() + '/../shared/shared.js')\n",
    "../shared/shared.js": "module.exports = 'shared 1'\n",
    "writer/main.js": "require('fs').writeFileSync(__dirname + '/made.js', 'module.exports = ' + Date.now())\n"
                      "const made = require('./made.js')\nexports.handler = async () => typeof made\n",
    "versions/main.js": "exports.handler = async (event, context) => 'code 1, ' + context.functionVersion\n",
    "snake/__init__.py": "",
    "snake/lib/__init__.py": "",
    "snake/lib/deep.py": "def deep():\n    return 'deep 1'\n",
    "snake/main.py": PYTHON,
    "snakeless/main.py": "import not_yet_there\n\ndef handler(event, context):\n    return not_yet_there.value\n",
}


class Reload(Case):
    files = FILES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.functions = cls.dynlog.client("lambda", endpoint="http://127.0.0.1:%d" % cls.dynlog.lambda_port)

    def invoke(self, name, event=None):
        answer = self.functions.invoke(FunctionName="app-local-" + name, Payload=json.dumps(event or {}))
        return json.loads(answer["Payload"].read())

    def edit(self, name, old, new):
        """As an editor saves that writes the file itself."""
        with open(self.dynlog.path(name), encoding="utf-8") as file:
            text = file.read()
        self.assertIn(old, text)
        self.dynlog.write(name, text.replace(old, new))

    def lines(self):
        return len(self.dynlog.process.out.list)

    def wait(self, pattern, mark):
        return self.dynlog.process.out.wait(pattern, mark)

    # ---- what is changed ----

    def test_the_handler_its_imports_and_their_data(self):
        self.assertEqual("main 1, deep 1, data 1", self.invoke("common"))
        self.edit("common/main.js", "main 1", "main 2")
        self.assertEqual("main 2, deep 1, data 1", self.invoke("common"))
        self.edit("common/lib/deep.js", "deep 1", "deep 2")
        self.assertEqual("main 2, deep 2, data 1", self.invoke("common"))
        self.edit("common/lib/data.json", "data 1", "data 2")
        self.assertEqual("main 2, deep 2, data 2", self.invoke("common"))

    def test_many_saves_of_one_size_in_a_row(self):
        for name, file in (("module", "module/main.mjs"), ("python", "snake/main.py")):
            self.invoke(name)
            with open(self.dynlog.path(file), encoding="utf-8") as opened:
                text = opened.read()
            for letter in "abcd":
                self.dynlog.write(file, text.replace("main 1", "main " + letter))
                self.assertEqual("main " + letter, self.invoke(name).split(",")[0])
            self.dynlog.write(file, text)
            self.assertEqual("main 1", self.invoke(name).split(",")[0])

    def test_modules_and_what_they_import(self):
        self.assertEqual("main 1, deep 1", self.invoke("module"))
        self.edit("module/lib/deep.mjs", "deep 1", "deep 2")
        self.assertEqual("main 1, deep 2", self.invoke("module"))
        self.edit("module/lib/deep.mjs", "deep 2", "deep 1")
        self.assertEqual("main 1, deep 1", self.invoke("module"))

    def test_python_packages(self):
        self.assertEqual("main 1, deep 1", self.invoke("python"))
        self.edit("snake/lib/deep.py", "deep 1", "deep 2")
        self.assertEqual("main 1, deep 2", self.invoke("python"))
        self.edit("snake/lib/__init__.py", "", "raise RuntimeError('not today')\n")
        self.assertEqual("not today", self.invoke("python")["errorMessage"])
        self.dynlog.write("snake/lib/__init__.py", "")
        self.assertEqual("main 1, deep 2", self.invoke("python"))
        self.edit("snake/lib/deep.py", "deep 2", "deep 1")
        self.assertFalse(os.path.exists(self.dynlog.path("snake/__pycache__")))

    def test_a_file_that_an_import_looked_for(self):
        self.assertEqual("Error", self.invoke("missing")["errorType"])
        self.dynlog.write("missing/part.js", "module.exports = 'part 1'\n")
        self.assertEqual("part 1", self.invoke("missing"))
        os.remove(self.dynlog.path("missing/part.js"))
        self.assertEqual("Error", self.invoke("missing")["errorType"])
        self.dynlog.write("missing/part/index.js", "module.exports = 'part 2'\n")
        self.assertEqual("part 2", self.invoke("missing"))

    def test_a_module_that_python_looked_for(self):
        self.assertEqual("Runtime.ImportModuleError", self.invoke("pythonMissing")["errorType"])
        mark = self.lines()
        self.dynlog.write("not_yet_there/__init__.py", "value = 'there 1'\n")
        self.wait(r"\[app-local-pythonMissing\] not_yet_there.* changed: starting with the new code", mark)
        self.assertEqual("there 1", self.invoke("pythonMissing"))

    def test_packages(self):
        self.assertEqual("thing 1", self.invoke("packages"))
        self.edit("packages/node_modules/thing/lib/index.js", "thing 1", "thing 2")
        self.assertEqual("thing 2", self.invoke("packages"))
        folder = self.dynlog.path("packages/node_modules")
        shutil.rmtree(folder)
        self.assertEqual("Error", self.invoke("packages")["errorType"])
        self.dynlog.write("packages/node_modules/thing/index.js", "module.exports = 'thing 3'\n")
        self.assertEqual("thing 3", self.invoke("packages"))

    def test_what_is_imported_later(self):
        self.assertEqual("a 1", self.invoke("lazy", {"name": "a"}))
        self.assertEqual("b 1", self.invoke("lazy", {"name": "b"}))
        self.edit("lazy/b.mjs", "b 1", "b 2")
        self.assertEqual("b 2", self.invoke("lazy", {"name": "b"}))
        self.edit("lazy/a.mjs", "a 1", "a 2")  # which the new worker has not imported
        self.assertEqual("a 2", self.invoke("lazy", {"name": "a"}))

    def test_a_file_outside_of_the_folder(self):
        self.assertEqual("shared 1", self.invoke("outside"))
        self.edit("../shared/shared.js", "shared 1", "shared 2")
        self.assertEqual("shared 2", self.invoke("outside"))

    def test_versions_follow_the_folder_until_there_is_a_zip(self):
        name = "app-local-versions"
        self.assertEqual("1", self.functions.publish_version(FunctionName=name)["Version"])
        self.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        self.assertEqual("code 1, 1", self.invoke("versions:live"))
        self.edit("versions/main.js", "code 1", "code 2")
        self.assertEqual(["code 2, $LATEST", "code 2, 1", "code 2, 1"],
                         [self.invoke("versions" + qualifier) for qualifier in ("", ":1", ":live")])
        self.assertEqual("2", self.functions.publish_version(FunctionName=name)["Version"])

        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as file:
            file.writestr("versions/main.js", "exports.handler = async () => 'zip'\n")
        self.functions.update_function_code(FunctionName=name, ZipFile=zipped.getvalue())
        self.edit("versions/main.js", "code 2", "code 3")
        self.assertEqual(["zip", "code 3, 1", "code 3, 2"],
                         [self.invoke("versions" + qualifier) for qualifier in ("", ":1", ":2")])

    def test_a_bootstrap(self):
        node = shutil.which("node")
        text = """#!%s
const http = require('http')
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const call = (method, path, body) => new Promise((done) => http.request(
  { host, port, method, path: '/2018-06-01/runtime' + path, agent: new http.Agent({ keepAlive: true }) },
  (answer) => { let text = ''; answer.on('data', (more) => { text += more }); answer.on('end', () =>
    done({ id: answer.headers['lambda-runtime-aws-request-id'], text })) }).end(body))
const main = async () => {
  for (;;) {
    const { id } = await call('GET', '/invocation/next')
    await call('POST', '/invocation/' + id + '/response', JSON.stringify('bootstrap 1'))
  }
}
main()
""" % node
        self.assertEqual("Runtime.InvalidEntrypoint", self.invoke("shell")["errorType"])
        path = self.dynlog.write("bootstrap", text)
        self.assertEqual("Runtime.InvalidEntrypoint", self.invoke("shell")["errorType"])  # not executable
        os.chmod(path, 0o755)
        self.assertEqual("bootstrap 1", self.invoke("shell"))
        self.edit("bootstrap", "bootstrap 1", "bootstrap 2")
        self.assertEqual("bootstrap 2", self.invoke("shell"))

    # ---- how it is changed ----

    def test_a_save_by_renaming(self):
        """vim, and most others: written beside, then in its place."""
        self.invoke("common")
        for number in "345":
            with open(self.dynlog.path("common/main.js"), encoding="utf-8") as file:
                text = file.read()
            beside = self.dynlog.write("common/main.js~", text[:text.index("main ")] + "main " + number +
                                       text[text.index("main ") + 6:])
            os.rename(beside, self.dynlog.path("common/main.js"))
            self.assertEqual("main " + number, self.invoke("common").split(",")[0])

    def test_a_folder_that_goes_and_comes_again(self):
        self.assertRegex(self.invoke("module"), "main 1")
        folder = self.dynlog.path("module")
        os.rename(folder, folder + ".away")
        self.assertEqual("Runtime.ImportModuleError", self.invoke("module")["errorType"])
        os.rename(folder + ".away", folder)
        self.assertEqual("main 1, deep 1", self.invoke("module"))
        shutil.rmtree(folder)
        self.assertEqual("Runtime.ImportModuleError", self.invoke("module")["errorType"])
        for name in ("module/main.mjs", "module/lib/deep.mjs"):
            self.dynlog.write(name, FILES[name])
        self.assertEqual("main 1, deep 1", self.invoke("module"))

    def test_git_checkout(self):
        git = lambda *words: self.assertEqual(0, self.dynlog.run("git", "-c", "user.name=n", "-c", "user.email=e@x",
                                                                 *words).returncode)
        parts = ["common/parts/part%d.js" % number for number in range(200)]
        write = lambda value: [self.dynlog.write(part, "module.exports = %d\n" % value) for part in parts]
        self.dynlog.write("common/sum.js", "let sum = 0\nfor (let i = 0; i < 200; i++) sum += require('./parts/part' "
                                           "+ i)\nexports.handler = async () => 'sum ' + sum\n")
        self.dynlog.write("common/main.js", "exports.handler = require('./sum').handler\n")
        write(1)
        git("init", "-q", "-b", "one", ".")
        git("add", "common")
        git("commit", "-q", "-m", "one")
        git("checkout", "-q", "-b", "two")
        write(2)
        git("commit", "-q", "-a", "-m", "two")
        self.assertEqual("sum 400", self.invoke("common"))
        git("checkout", "-q", "one")
        self.assertEqual("sum 200", self.invoke("common"))
        git("checkout", "-q", "two")
        self.assertEqual("sum 400", self.invoke("common"))
        for name in ("common/main.js", "common/lib/deep.js", "common/lib/data.json"):
            self.dynlog.write(name, FILES[name])
        self.assertEqual("main 1, deep 1, data 1", self.invoke("common"))

    # ---- what the developer sees ----

    def test_an_error_is_shown_at_the_save(self):
        for name, file, bad, place in (
                ("common", "common/lib/deep.js", "exports.a = (\n) => {}\nconst const\n", r"common/lib/deep\.js:3"),
                ("module", "module/lib/deep.mjs", "export const deep = () => 1\n)(\n", r"module/lib/deep\.mjs:2"),
                ("python", "snake/lib/deep.py", "def deep():\n    return (\n", r"snake/lib/deep\.py.* Line 2|deep\.py, line 2")):
            with self.subTest(name):
                self.invoke(name)
                mark = self.lines()
                self.dynlog.write(file, bad)
                self.wait(r"\[app-local-%s\] %s changed: starting with the new code" % (name, file), mark)
                self.wait(r"\[app-local-%s\].*(%s)" % (name, place), mark)
                self.wait(r"\[app-local-%s\] INIT_REPORT .*Status: error\s+Error Type: Runtime.UserCodeSyntaxError"
                          % name, mark)
                self.assertEqual("Runtime.UserCodeSyntaxError", self.invoke(name)["errorType"])
                mark = self.lines()
                self.dynlog.write(file, FILES[file])
                self.wait(r"\[app-local-%s\] %s changed" % (name, file), mark)
                self.assertRegex(self.invoke(name), "deep 1")

    def test_an_error_is_told_once_for_each_save(self):
        """Inits that are begun again say the same; a save that is as wrong as the one before is another one."""
        for name, file, bad, error in (
                ("common", "common/lib/deep.js", "const const\n", r"\[app-local-common\].*lib/deep\.js:1"),
                ("python", "snake/lib/deep.py", "def deep():\n    raise (\n", r"\[app-local-python\] \[ERROR\] .*deep\.py, line 2")):
            with self.subTest(name):
                self.invoke(name)
                mark = self.lines()
                for saves in (1, 2):
                    self.dynlog.write(file, bad + "\n" * saves)
                    for _ in range(3):
                        self.assertEqual("Runtime.UserCodeSyntaxError", self.invoke(name)["errorType"])
                    self.wait(r"\[app-local-%s\] %s changed" % (name, file), mark)
                    told = [line for line in self.dynlog.process.out.text().split("\n")[mark:] if re.search(error, line)]
                    self.assertEqual(saves, len(told), self.dynlog.process.out.text())
                self.dynlog.write(file, FILES[file])
                self.assertRegex(self.invoke(name), "deep 1")

    def test_a_stale_worker_is_replaced_at_once(self):
        self.invoke("lazy", {"name": "a"})
        mark = self.lines()
        self.dynlog.write("lazy/main.js", FILES["lazy/main.js"] + "console.log('the new code is here')\n")
        self.wait(r"\[app-local-lazy\] .*the new code is here", mark)
        self.dynlog.write("lazy/main.js", FILES["lazy/main.js"])

    def test_code_that_writes_what_it_loads(self):
        """It never comes to rest by itself; invocations are answered all the same, and somebody is told."""
        self.assertEqual("number", self.invoke("writer"))
        self.assertEqual("number", self.invoke("writer"))
        os.remove(self.dynlog.path("writer/made.js"))
        self.assertEqual("number", self.invoke("writer"))


class NoReload(Case):
    files = {"serverless.yml": STACK, "common/main.js": "exports.handler = async () => 1\n"}
    arguments = ("--no-reload",)

    def test_code_stays(self):
        functions = self.dynlog.client("lambda", endpoint="http://127.0.0.1:%d" % self.dynlog.lambda_port)
        invoke = lambda: functions.invoke(FunctionName="app-local-common", Payload="{}")["Payload"].read()
        self.assertEqual(b"1", invoke())
        self.dynlog.write("common/main.js", "exports.handler = async () => 2\n")
        self.assertEqual(b"1", invoke())


if __name__ == "__main__":
    unittest.main()
