// A program to look at: with data, and zeros behind it.

namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
volatile int zeros[10000];
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
volatile int data[5000] = {1};

}  // namespace

int main() { return zeros[0] + data[1]; }
