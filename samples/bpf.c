// The smallest program: two instructions and no section of its own, so it lands in .text.
// Its program type cannot be told from a section name and must be given (type=...).
int func()
{
    return 0;
}
