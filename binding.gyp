# Builds the addon; which files: scripts/native-sources.mjs. Release is what users get. Debug is for tests only
# (npm run build:crash): it can kill itself at numbered points (native/shared/crash_point.h).
{
  'targets': [
    {
      'target_name': 'forkyard',
      'sources': ['<!@(node scripts/native-sources.mjs)'],
      'include_dirs': ['native', '<!@(node -p "require(\'node-addon-api\').include")'],
      # The core reports errors as Result<T>; only native/binding/ includes napi.h, and there they become C++ exceptions.
      # Where an environment is being terminated no exception can be thrown into it: that must not end the process.
      'defines': ['NAPI_VERSION=9', 'NAPI_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'cflags': ['-Wall', '-Wextra', '-fvisibility=hidden'],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fno-exceptions'],
      'cflags_cc': ['-std=c++20', '-fexceptions', '-fvisibility-inlines-hidden'],
      # The mapping and its helper threads belong to the process: without nodelete the addon would be unmapped when the
      # only worker thread that loaded it ends. now: what is looked up when it is loaded need not be by each forked child.
      'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,now'],
      'configurations': {
        'Release': {
          'cflags!': ['-O3'],
          'cflags': ['-O2'],
        },
        'Debug': {
          'defines': ['FORKYARD_CRASH_POINTS=1'],
          'cflags!': ['-O0'],
          'cflags': ['-O1'],
        },
      },
    },
  ],
}
