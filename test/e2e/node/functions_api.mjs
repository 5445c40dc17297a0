// A function's life with the SDK for JavaScript: made, waited for, invoked, changed, deleted.
//   node functions_api.mjs ZIP
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  CreateAliasCommand, CreateFunctionCommand, DeleteFunctionCommand, GetFunctionCommand, InvokeCommand, LambdaClient,
  PublishVersionCommand, UpdateFunctionConfigurationCommand, waitUntilFunctionActiveV2, waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";

const client = new LambdaClient({});
const FunctionName = "sdk";

const made = await client.send(new CreateFunctionCommand({
  FunctionName, Runtime: "nodejs20.x", Role: "arn:aws:iam::000000000000:role/any", Handler: "index.handler",
  Code: { ZipFile: readFileSync(process.argv[2]) },
}));
assert.equal(made.Version, "$LATEST");
await waitUntilFunctionActiveV2({ client, maxWaitTime: 60 }, { FunctionName });

const invoke = async (Qualifier) => {
  const answer = await client.send(new InvokeCommand({ FunctionName, Qualifier, Payload: JSON.stringify({ a: 1 }) }));
  return [JSON.parse(Buffer.from(answer.Payload)), answer.ExecutedVersion];
};
const [result, version] = await invoke();
assert.deepEqual(result, { esm: { a: 1 }, version: "$LATEST", arn: made.FunctionArn });
assert.equal(version, "$LATEST");

await client.send(new PublishVersionCommand({ FunctionName }));
await client.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
const [aliased, executed] = await invoke("live");
assert.deepEqual(aliased, { esm: { a: 1 }, version: "1", arn: `${made.FunctionArn}:live` });
assert.equal(executed, "1");

await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 9 }));
await waitUntilFunctionUpdatedV2({ client, maxWaitTime: 60 }, { FunctionName });
assert.equal((await client.send(new GetFunctionCommand({ FunctionName }))).Configuration.Timeout, 9);
await assert.rejects(client.send(new PublishVersionCommand({ FunctionName, RevisionId: "other" })),
  { name: "PreconditionFailedException" });

await client.send(new DeleteFunctionCommand({ FunctionName }));
await assert.rejects(client.send(new GetFunctionCommand({ FunctionName })), { name: "ResourceNotFoundException" });
