/* A driver library whose functions all ask one handler: see fake_card.py. Every argument is an integer or a
   pointer, so each function may take as many words as the longest of them has. */

#include <string.h>

typedef long long word;
typedef int (*handler)(const char *, word *);

static handler ask;

void fake_handler(handler given) { ask = given; }

#define ARGUMENTS word a, word b, word c, word d, word e, word f, word g, word h, word i, word j, word k
#define FUNCTION(name) \
    static int fake_##name(ARGUMENTS) { \
        word words[] = {a, b, c, d, e, f, g, h, i, j, k}; \
        return ask ? ask(#name, words) : 3; \
    }
#define ROW(name) {#name, (void *)fake_##name},
#define EACH(DO) \
    DO(cuInit) DO(cuDriverGetVersion) DO(cuDeviceGetCount) DO(cuDeviceGet) DO(cuDeviceGetName) \
    DO(cuDeviceGetAttribute) DO(cuDeviceTotalMem) DO(cuDevicePrimaryCtxRetain) DO(cuCtxSetCurrent) \
    DO(cuGetErrorString) DO(cuMemGetInfo) DO(cuMemAlloc) DO(cuMemFree) DO(cuMemcpyHtoD) DO(cuMemcpyDtoH) \
    DO(cuMemcpyHtoDAsync) DO(cuMemcpyDtoHAsync) DO(cuStreamCreate) DO(cuStreamDestroy) DO(cuStreamSynchronize) \
    DO(cuCtxSynchronize) DO(cuEventCreate) DO(cuEventDestroy) DO(cuEventRecord) DO(cuEventSynchronize) \
    DO(cuModuleLoadData) DO(cuModuleGetFunction) DO(cuOccupancyMaxActiveBlocksPerMultiprocessor) \
    DO(cuLaunchKernel) DO(cuLaunchCooperativeKernel) DO(cuStreamBeginCapture) DO(cuStreamEndCapture) \
    DO(cuGraphInstantiateWithFlags) DO(cuGraphInstantiate) DO(cuGraphLaunch) DO(cuGraphDestroy) DO(cuGraphExecDestroy)

EACH(FUNCTION)

static const struct { const char *name; void *function; } table[] = {EACH(ROW)};

int cuGetProcAddress_v2(const char *name, void **function, int version, unsigned long long flags, void *status) {
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, name)) {
            *function = table[i].function;
            return 0;
        }
    *function = 0;
    return 500;
}
