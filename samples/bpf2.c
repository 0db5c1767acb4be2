// Two programs in two sections named by pragma. Commands that take a section choose between them.
#pragma clang section text = "myprog"

int func()
{
    return 0;
}

#pragma clang section text = "another"

int anotherfunc()
{
    return 1;
}
