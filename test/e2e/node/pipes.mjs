// node pipes.mjs STREAM QUEUE ROLE - EventBridge Pipes with the AWS SDK: prints what it saw as JSON.
import {
  CreatePipeCommand, DeletePipeCommand, DescribePipeCommand, ListPipesCommand, PipesClient, StopPipeCommand,
} from "@aws-sdk/client-pipes";

const [Source, Target, RoleArn] = process.argv.slice(2);
const pipes = new PipesClient({});
const seen = {};
const request = {
  Name: "node", Source, Target, RoleArn, KmsKeyIdentifier: "alias/key",
  SourceParameters: { DynamoDBStreamParameters: { StartingPosition: "LATEST" } },
};

seen.created = (await pipes.send(new CreatePipeCommand(request))).CurrentState;
const described = await pipes.send(new DescribePipeCommand({ Name: "node" }));
seen.described = described.CurrentState;
seen.kms = described.KmsKeyIdentifier;
if (!(described.CreationTime instanceof Date)) throw new Error("no date");
const listed = await pipes.send(new ListPipesCommand({ NamePrefix: "node", Limit: 5 }));
if (listed.Pipes.length !== 1) throw new Error("not listed");
seen.conflict = await pipes.send(new CreatePipeCommand(request)).catch((error) => error.resourceType);
seen.stopped = (await pipes.send(new StopPipeCommand({ Name: "node" }))).CurrentState;
await pipes.send(new DeletePipeCommand({ Name: "node" }));
seen.missing = await pipes.send(new DescribePipeCommand({ Name: "nobody" })).catch((error) => error.name);
console.log(JSON.stringify(seen));
