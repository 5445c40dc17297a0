/* test/unit/net/sigv4_vectors.h - requests that were signed by others, as they went over the wire.
 * Key AKIDEXAMPLE, secret wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY.
 *
 * The first two are AWS's own: the example of its guide to signing, and "get-vanilla" of its test
 * suite; the others are botocore's work. */
#ifndef DYNLOG_TEST_NET_SIGV4_VECTORS_H
#define DYNLOG_TEST_NET_SIGV4_VECTORS_H

#define AWS_VECTORS_TIME "2015-08-30T12:36:00Z"
#define VECTORS_TIME "2026-01-31T23:59:59Z"

struct vector {
    const char *what, *request;
};

static const struct vector aws_vectors[] = {
    {"ListUsers, AWS's example",
     "GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\r\n"
     "Host: iam.amazonaws.com\r\n"
     "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
     "X-Amz-Date: 20150830T123600Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
     "SignedHeaders=content-type;host;x-amz-date, "
     "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\r\n"
     "\r\n"},
    {"get-vanilla of AWS's test suite",
     "GET / HTTP/1.1\r\n"
     "Host:example.amazonaws.com\r\n"
     "X-Amz-Date:20150830T123600Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
     "SignedHeaders=host;x-amz-date, "
     "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\r\n"
     "\r\n"},
};

static const struct vector vectors[] = {
    {"a PutItem",
     "POST / HTTP/1.1\r\n"
     "Host: localhost:8000\r\n"
     "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
     "Content-Type: application/x-amz-json-1.0\r\n"
     "X-Amz-Date: 20260131T235959Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/dynamodb/"
     "aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
     "Signature=e150f644791455b952920a6f4ed408d906e23a86b21e5ee42e0cbb7ae460fd7e\r\n"
     "Content-Length: 47\r\n"
     "\r\n"
     "{\"TableName\":\"a\",\"Item\":{\"pk\":{\"S\":\"users#1\"}}}"},
    {"a session token",
     "POST / HTTP/1.1\r\n"
     "Host: localhost:8000\r\n"
     "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
     "Content-Type: application/x-amz-json-1.0\r\n"
     "X-Amz-Date: 20260131T235959Z\r\n"
     "X-Amz-Security-Token: session//token==\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/eu-west-1/dynamodb/"
     "aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
     "Signature=15dae14438323678eebd2c6cb5f5318772a4c014b9dc9daea2e934d43fedbfb1\r\n"
     "Content-Length: 2\r\n"
     "\r\n"
     "{}"},
    {"escapes in path and query",
     "GET "
     "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aa/"
     "invocations/a%20b/%E2%82%AC?Qualifier=%24LATEST&a=b%20c&Z=1&empty=&a=a HTTP/1.1\r\n"
     "Host: localhost:3002\r\n"
     "X-Amz-Date: 20260131T235959Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/lambda/"
     "aws4_request, SignedHeaders=host;x-amz-date, "
     "Signature=551b2d5338f09ee0d50b73036c4613923c722dd95d56127d05b146a4310c4601\r\n"
     "\r\n"},
    {"dot segments",
     "GET /a/./b/../c//d/ HTTP/1.1\r\n"
     "Host: localhost:3002\r\n"
     "X-Amz-Date: 20260131T235959Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/lambda/"
     "aws4_request, SignedHeaders=host;x-amz-date, "
     "Signature=2fd6643d38ae7fd800cb093d144ce5ce674333e851183cd9e6d30ce826b41fa5\r\n"
     "\r\n"},
    {"a header with runs of blanks",
     "POST / HTTP/1.1\r\n"
     "Host: 127.0.0.1:4010\r\n"
     "X-Amz-Target: AWSEvents.PutEvents\r\n"
     "My-Header: a   b  c\r\n"
     "X-Amz-Date: 20260131T235959Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/events/"
     "aws4_request, SignedHeaders=host;my-header;x-amz-date;x-amz-target, "
     "Signature=8ab1eb9fdd7dc1155d1716bed04238e1cd96f5b2258a8c9fc87db713b774ccb1\r\n"
     "Content-Length: 14\r\n"
     "\r\n"
     "{\"Entries\":[]}"},
    {"an unsigned payload",
     "POST / HTTP/1.1\r\n"
     "Host: localhost:8000\r\n"
     "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
     "Content-Type: application/x-amz-json-1.0\r\n"
     "X-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\n"
     "X-Amz-Date: 20260131T235959Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/dynamodb/"
     "aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target, "
     "Signature=6652405ae6b517944d15eb29630435946a1d238251858c06d10559debb12f822\r\n"
     "Content-Length: 15\r\n"
     "\r\n"
     "{\"any\":\"thing\"}"},
    {"a body hash in a header",
     "POST / HTTP/1.1\r\n"
     "Host: localhost:8000\r\n"
     "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
     "Content-Type: application/x-amz-json-1.0\r\n"
     "X-Amz-Content-SHA256: 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\r\n"
     "X-Amz-Date: 20260131T235959Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/dynamodb/"
     "aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target, "
     "Signature=a3d71cd6ae9a8c73d4f4749a675aae4dc5ee48ebbcb0edb4cc7609fef6a0992b\r\n"
     "Content-Length: 2\r\n"
     "\r\n"
     "{}"},
    {"a presigned URL",
     "GET /2015-03-31/functions?MaxItems=1&Marker=a%2Fb&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
     "X-Amz-Credential=AKIDEXAMPLE%2F20260131%2Fus-east-1%2Flambda%2Faws4_request&"
     "X-Amz-Date=20260131T235959Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&"
     "X-Amz-Signature=39de89500daeae50e5dfba33a460cd1732f479f666368ea9945c9b6a24ab2945 HTTP/"
     "1.1\r\n"
     "Host: localhost:3002\r\n"
     "\r\n"},
    {"a presigned URL with a session token",
     "GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
     "X-Amz-Credential=AKIDEXAMPLE%2F20260131%2Fus-east-1%2Flambda%2Faws4_request&"
     "X-Amz-Date=20260131T235959Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&"
     "X-Amz-Security-Token=session%2F%2Ftoken%3D%3D&"
     "X-Amz-Signature=cfc29c745bc84b290b7a3318b09f5e34a2c5989f1e02982ef13bed19b24d534d HTTP/"
     "1.1\r\n"
     "Host: localhost:3002\r\n"
     "\r\n"},
};

#endif
