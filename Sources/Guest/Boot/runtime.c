// The C symbols that the Swift concurrency archive was linked against and that have nothing to do with this kernel's
// own work. The allocator, the console and the executor, which have, are Swift (Sources/Kernel).
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

_Noreturn void kernel_panic_c(const char *message);
void *kernel_allocate(size_t size, size_t alignment);
void kernel_free(void *pointer);
void kernel_console_write(const char *text, size_t length);

// MARK: The allocator (Sources/Kernel/Memory/KernelHeap.swift). A request that cannot be met never returns.

void *malloc(size_t size) { return kernel_allocate(size, 16); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    *result = kernel_allocate(size, alignment);
    return 0;
}

void free(void *pointer) {
    if (pointer) kernel_free(pointer);
}

// MARK: Output of `print` and of fatal errors

int putchar(int character) {
    char byte = (char)character;
    kernel_console_write(&byte, 1);
    return character;
}

// MARK: Strings

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

char *strncpy(char *destination, const char *source, size_t count) {
    size_t index = 0;
    for (; index < count && source[index]; index++) destination[index] = source[index];
    for (; index < count; index++) destination[index] = 0;
    return destination;
}

int memcmp(const void *left, const void *right, size_t count) {
    const uint8_t *a = left, *b = right;
    for (size_t index = 0; index < count; index++)
        if (a[index] != b[index]) return a[index] - b[index];
    return 0;
}

// Only fatal messages of the runtime are formatted by these: %s is filled in, every other conversion is left as
// written.
int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments) {
    size_t length = 0;
    for (; *format; format++) {
        const char *piece = format;
        size_t count = 1;
        if (format[0] == '%' && format[1] == 's') {
            piece = va_arg(arguments, const char *);
            count = strlen(piece);
            format++;
        }
        for (size_t index = 0; index < count; index++, length++)
            if (length + 1 < size) buffer[length] = piece[index];
    }
    if (size) buffer[length < size ? length : size - 1] = 0;
    return (int)length;
}

int puts(const char *text) {
    kernel_console_write(text, strlen(text));
    kernel_console_write("\n", 1);
    return 0;
}

int vprintf(const char *format, va_list arguments) {
    char buffer[256];
    int length = vsnprintf(buffer, sizeof buffer, format, arguments);
    puts(buffer);
    return length;
}

_Noreturn void abort(void) { kernel_panic_c("abort was called by the Swift runtime"); }
_Noreturn void __stack_chk_fail(void) { kernel_panic_c("a stack frame was overwritten (stack protector)"); }
_Noreturn void __cxa_pure_virtual(void) { kernel_panic_c("pure virtual call in the Swift runtime"); }
_Noreturn void _ZSt20__throw_length_errorPKc(const char *message) { kernel_panic_c(message); }

// MARK: std::set, as the runtime's task-local copy uses it
// Layout of libstdc++'s _Rb_tree_node_base. Insertion does not rebalance: the order, which is all that callers see,
// holds, and the sets are as small as the number of task locals.
struct tree_node {
    int color;
    struct tree_node *parent, *left, *right;
};

void _ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_(_Bool insert_left, struct tree_node *node,
                                                                     struct tree_node *parent,
                                                                     struct tree_node *header) {
    node->parent = parent;
    node->left = node->right = NULL;
    node->color = 1;
    if (insert_left) {
        parent->left = node;
        if (parent == header) {
            header->parent = node;
            header->right = node;
        } else if (parent == header->left) {
            header->left = node;
        }
    } else {
        parent->right = node;
        if (parent == header->right) header->right = node;
    }
}

struct tree_node *_ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(struct tree_node *node) {
    if (node->color == 0 && node->parent->parent == node) return node->right;
    if (node->left) {
        node = node->left;
        while (node->right) node = node->right;
        return node;
    }
    struct tree_node *parent = node->parent;
    while (node == parent->left) {
        node = parent;
        parent = parent->parent;
    }
    return parent;
}

// MARK: Arithmetic
// Instructions where there are ones, as assembly, because the compiler lowers its own builtins to calls of these very
// functions.

/// ROUNDSD, mode 2: towards plus infinity.
double ceil(double value) {
    double result;
    __asm__("roundsd $2, %1, %0" : "=x"(result) : "x"(value));
    return result;
}

/// ROUNDSD, mode 3: towards zero.
double trunc(double value) {
    double result;
    __asm__("roundsd $3, %1, %0" : "=x"(result) : "x"(value));
    return result;
}

/// ROUNDSD, mode 1: towards minus infinity.
double floor(double value) {
    double result;
    __asm__("roundsd $1, %1, %0" : "=x"(result) : "x"(value));
    return result;
}

/// To the nearest integer, halves away from zero. The fraction is exact, so no double is rounded twice.
double round(double value) {
    double whole = trunc(value);
    double fraction = __builtin_fabs(value - whole);
    return fraction >= 0.5 ? whole + __builtin_copysign(1.0, value) : whole;
}

/// The remainder with the sign of `x`, exactly: multiples of the divisor by powers of two are taken away from the
/// largest down, and neither they nor the differences are ever rounded. At most some four thousand steps.
double fmod(double x, double y) {
    double rest = __builtin_fabs(x), divisor = __builtin_fabs(y);
    // Not for infinite and undefined dividends, and for zero and undefined divisors.
    if (!(rest <= 0x1.fffffffffffffp+1023) || !(divisor > 0)) return (x * y) / (x * y);
    double multiple = divisor;
    while (multiple + multiple <= rest) multiple += multiple;
    while (rest >= divisor) {
        if (rest >= multiple) rest -= multiple;
        if (multiple > divisor) multiple *= 0.5;
    }
    return __builtin_copysign(rest, x);
}

double sqrt(double value) {
    double result;
    __asm__("sqrtsd %1, %0" : "=x"(result) : "x"(value));
    return result;
}

float sqrtf(float value) {
    float result;
    __asm__("sqrtss %1, %0" : "=x"(result) : "x"(value));
    return result;
}

/// The product as an exact sum of two doubles (Dekker's splitting), for CPUs without FMA: the result is off by one unit
/// in the last place at most.
static double fma_by_splitting(double a, double b, double c) {
    const double splitter = 134217729.0;
    double a_high = splitter * a, b_high = splitter * b;
    a_high -= a_high - a;
    b_high -= b_high - b;
    double a_low = a - a_high, b_low = b - b_high;
    double product = a * b;
    double error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    double sum = product + c;
    double partner = sum - product;
    return sum + ((product - (sum - partner)) + (c - partner) + error);
}

double fma(double a, double b, double c) {
    enum { unknown, absent, present } static support;
    if (support == unknown) {
        uint32_t eax = 1, ebx, ecx = 0, edx;
        __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
        support = ecx >> 12 & 1 ? present : absent;
    }
    if (support == absent) return fma_by_splitting(a, b, c);
    __asm__("vfmadd213sd %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
}
